// The event queue's heap and row against a sorted set.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>

#include "sim/kernel/pending_queue.h"

namespace simdse {
namespace {

TEST(QuaternaryHeap, ComesOutInOrderWhateverGoesIn) {
  std::mt19937 random(3);
  QuaternaryHeap<int> heap;
  std::multiset<int> expected;
  const auto push = [&](int value) {
    heap.push(value);
    expected.insert(value);
  };
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_EQ(heap.size(), expected.size());
    if (expected.empty() || random() % 3 == 0) {
      push(static_cast<int>(random() % 1000));
      continue;
    }
    ASSERT_EQ(heap.front(), *expected.begin());
    expected.erase(expected.begin());
    if (random() % 2 == 0) {
      heap.pop();
      continue;
    }
    // Taken away with its place kept: for none, one or more that follow.
    heap.vacate();
    for (auto count = random() % 3; count > 0; --count) push(static_cast<int>(random() % 1000));
    heap.settle();
  }
}

TEST(PendingQueue, ComesOutInOrderWhetherFewOrMany) {
  std::mt19937 random(5);
  PendingQueue<int> queue(std::numeric_limits<int>::max());
  std::multiset<int> expected;
  const auto push = [&] {
    const int value = static_cast<int>(random() % 1000);
    queue.push(value);
    expected.insert(value);
  };
  std::size_t most = 0;
  for (int i = 0; i < 50'000; ++i) {
    // Grows for a while, then shrinks until it is empty, and so on.
    const std::size_t more = random() % (i / 300 % 2 == 0 ? 4 : 2);
    if (expected.empty()) push();
    ASSERT_EQ(queue.size(), expected.size());
    ASSERT_EQ(queue.front(), *expected.begin());
    EXPECT_EQ(queue.front(), *expected.begin());
    queue.take();
    expected.erase(expected.begin());
    for (std::size_t count = 0; count < more; ++count) push();
    queue.settle();
    most = std::max(most, expected.size());
  }
  EXPECT_GT(most, 100U);
}

}  // namespace
}  // namespace simdse
