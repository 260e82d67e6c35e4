// The event queue's heap against a sorted set.
#include "sim/kernel/quaternary_heap.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

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

}  // namespace
}  // namespace simdse
