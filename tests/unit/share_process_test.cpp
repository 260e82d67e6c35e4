// What share of their bounds designs may be hoped to reach.
#include "search/exact/share_process.h"

#include <gtest/gtest.h>

#include "models/chip/chip.h"

namespace simdse {
namespace {

class ShareProcessOf : public ::testing::Test {
 protected:
  ShareProcessOf()
      : space(load_design("tpu_v2", DataFiles(SIMDSE_SOURCE_DIR)),
              parse_config("{cores.0.count: {min: 1, max: 16}, memory.stacks: {min: 1, max: 8}}",
                           "space.yaml")),
        process(space) {}

  SearchSpace space;
  ShareProcess process;
};

TEST_F(ShareProcessOf, EverythingMayBeHopedOfTheUnknown) {
  EXPECT_EQ(process.hope({3, 4}, 2), (std::vector<double>{1, 1}));
}

TEST_F(ShareProcessOf, NearWhatIsKnownHopeIsTheTruth) {
  process.observe({2, 2}, {0.8, 0.5});
  process.observe({8, 6}, {0.6, 0.9});
  const std::vector<double> hope = process.hope({2, 2}, 2);
  // A standard deviation of the noise above it, a tenth of that of the observations.
  EXPECT_NEAR(hope[0], 0.8, 0.02);
  EXPECT_NEAR(hope[1], 0.5, 0.04);
}

TEST_F(ShareProcessOf, HopeGrowsWithTheDistanceFromAllThatIsKnown) {
  // Alike in everything but chance.
  process.observe({2, 2}, {0.7});
  process.observe({3, 2}, {0.72});
  process.observe({2, 3}, {0.71});
  double before = process.hope({3, 3}, 1)[0];
  for (std::size_t step = 4; step < 8; ++step) {
    const double hope = process.hope({step, step}, 1)[0];
    EXPECT_GT(hope, before);
    before = hope;
  }
}

TEST_F(ShareProcessOf, WhatAnAxisDoesIsLearnt) {
  // The second axis costs a share of 0.05 a step, everywhere.
  for (std::size_t x = 0; x < 16; x += 3) {
    for (std::size_t y = 0; y < 6; y += 2) {
      process.observe({x, y}, {0.9 - 0.05 * static_cast<double>(y)});
    }
  }
  // Beyond what was observed hope is more than the truth, but far below what is hoped elsewhere.
  EXPECT_NEAR(process.hope({7, 0}, 1)[0], 0.90, 0.03);
  EXPECT_NEAR(process.hope({7, 4}, 1)[0], 0.70, 0.03);
  EXPECT_GE(process.hope({7, 7}, 1)[0], 0.55);
  EXPECT_LT(process.hope({7, 7}, 1)[0], 0.75);
}

TEST_F(ShareProcessOf, EqualObservationsHoldNoSurprise) {
  for (int i = 0; i < 3; ++i) process.observe({5, 5}, {0.75});
  EXPECT_NEAR(process.hope({5, 5}, 1)[0], 0.75, 1e-9);
  EXPECT_NEAR(process.hope({9, 1}, 1)[0], 0.75, 1e-9);
}

}  // namespace
}  // namespace simdse
