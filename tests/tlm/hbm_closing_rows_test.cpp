// First ready, first come in the aggregated mode: what waits for a row joins it before it closes.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "models/memory/hbm_channel.h"

namespace simdse {
namespace {

constexpr std::int64_t kPieces = 8;  // of a row

/// One bank's rows, each read in pieces, without refresh.
class HbmClosingRows : public ::testing::Test {
 protected:
  HbmClosingRows() {
    p.stacks = 1;
    p.t_refi = Seconds(std::numeric_limits<double>::infinity());
    p.t_controller = Seconds(0);
  }

  Hbm memory() const { return Hbm(p, {Clock(Hertz(1e9)), 1}); }
  std::int64_t row_bytes() const { return p.row_size.value(); }
  std::int64_t piece() const { return row_bytes() / kPieces; }

  /// A piece of the bank's row number `row`.
  HbmRun run(const HbmTiming& timing, std::int64_t row, std::int64_t index) const {
    const auto time = static_cast<Picoseconds>(timing.own_period *
                                               static_cast<double>(piece() >> timing.burst_shift));
    return {false, row * p.banks * row_bytes() + index * piece(), piece(), time, time};
  }
  Picoseconds piece_time(const HbmTiming& timing) const { return run(timing, 0, 0).own_time; }

  /// From one row of a bank to the next, all of whose pieces are read at once.
  Picoseconds row_time(const HbmTiming& timing) const {
    return std::max(timing.t_rc, timing.directions[0].t_rcd + kPieces * piece_time(timing) +
                                     timing.directions[0].recovery + timing.t_rp);
  }

  Hbm::Params p;
};

// Rows of one bank that are read in turns, a piece of each at a time, are each opened once if all
// of it waits: the time is that of one row after the other, to the picosecond.
TEST_F(HbmClosingRows, PiecesOfRowsInTurnsTakeAsLongAsRowsOneAfterTheOther) {
  const HbmTiming timing(memory());
  for (std::int64_t rows = 2; rows <= 8; ++rows) {
    HbmChannel channel(timing);
    Picoseconds finish = 0;
    for (std::int64_t i = 0; i < kPieces; ++i) {
      for (std::int64_t row = 0; row < rows; ++row) {
        finish = std::max(finish, channel.serve(timing, 0, run(timing, row, i)).tail);
      }
    }
    // The last row's data is behind its command, and nothing waits for it to close.
    const HbmTiming::Direction& d = timing.directions[0];
    EXPECT_EQ(finish, rows * row_time(timing) - d.recovery - timing.t_rp + d.delay) << rows;
  }
}

TEST_F(HbmClosingRows, APieceThatComesAfterItsRowHasClosedOpensItAgain) {
  const HbmTiming timing(memory());
  HbmChannel channel(timing);
  channel.serve(timing, 0, run(timing, 0, 0));
  const StorageSpan other = channel.serve(timing, 0, run(timing, 1, 0));
  // The other row's first column command comes tRCD after its activate, tRP after the precharge.
  const HbmTiming::Direction& d = timing.directions[0];
  const Picoseconds closes_at = other.head - d.delay - d.t_rcd - timing.t_rp;
  HbmChannel late = channel;
  const StorageSpan joined = channel.serve(timing, closes_at - 1, run(timing, 0, 1));
  EXPECT_EQ(joined.head, closes_at - 1 + d.delay);
  const StorageSpan reopened = late.serve(timing, closes_at, run(timing, 0, 1));
  // A row cycle after the other's activate.
  EXPECT_EQ(reopened.head, other.head + timing.t_rc);
}

// What joins holds its bank up: nothing there is lost however pieces are ordered.
TEST_F(HbmClosingRows, WhatJoinsPutsOffWhatFollowsInTheBank) {
  const HbmTiming timing(memory());
  const auto third_row = [&](bool joins) {
    HbmChannel channel(timing);
    for (std::int64_t i = 0; i < kPieces; ++i) channel.serve(timing, 0, run(timing, 0, i));
    channel.serve(timing, 0, run(timing, 1, 0));
    // As long a row as this no longer hides in the row cycle.
    if (joins) channel.serve(timing, 0, run(timing, 0, 0));
    return channel.serve(timing, 0, run(timing, 2, 0)).head;
  };
  EXPECT_EQ(third_row(true) - third_row(false), piece_time(timing));
}

}  // namespace
}  // namespace simdse
