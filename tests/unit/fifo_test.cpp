// The queue on a tile's way against the standard one.
#include "models/core/fifo.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <vector>

namespace simdse {
namespace {

TEST(Fifo, DoesWhatADequeDoes) {
  std::mt19937 random(5);
  Fifo<int> fifo;
  std::deque<int> expected;
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_EQ(fifo.size(), expected.size());
    ASSERT_EQ(fifo.empty(), expected.empty());
    for (std::size_t place = 0; place < expected.size(); ++place) {
      ASSERT_EQ(fifo[place], expected[place]);
    }
    // Longer on average for a while, then shorter, so that it grows and goes round.
    const bool grows = i / 500 % 2 == 0;
    if (expected.empty() || random() % 10 < (grows ? 6 : 4)) {
      fifo.push_back(i);
      expected.push_back(i);
    } else if (random() % 4 == 0) {
      fifo.pop_back();
      expected.pop_back();
    } else {
      ASSERT_EQ(fifo.front(), expected.front());
      fifo.pop_front();
      expected.pop_front();
    }
  }
}

TEST(Fifo, KeepsWhatPoppedElementsOwn) {
  Fifo<std::vector<int>> fifo;
  for (int i = 0; i < 4; ++i) fifo.push_used().reserve(100);
  for (int i = 0; i < 4; ++i) fifo.pop_front();
  EXPECT_GE(fifo.push_used().capacity(), 100U);
}

}  // namespace
}  // namespace simdse
