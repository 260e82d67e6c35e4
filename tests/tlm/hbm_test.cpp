// The memory against an independent cycle-level DRAM simulator, and its timing rules one by one.
#include <gtest/gtest.h>

#include <functional>
#include <queue>
#include <random>

#include "models/memory/hbm_core.h"

namespace simdse {
namespace {

constexpr Picoseconds kNanosecond = 1000;

/// One stack with the defaults, which are the published configuration: 8 channels of 128 bits at
/// 2 Gb/s per pin, tRCD 14, CL 14, tFAW 30, tRFC 260, tREFI 3900 ns.
Hbm::Params one_stack() {
  Hbm::Params params;
  params.stacks = 1;
  params.interleave = Bytes(64);
  return params;
}

Hbm hbm(const Hbm::Params& params) { return Hbm(params, {Clock(Hertz(1e9)), 1}); }

/// Share of the peak rate that `count` reads of 64 bytes get when every channel is kept supplied:
/// 32 may be under way in each, as in that simulator's command queues. `place` says which 64 bytes
/// of its channel the next read of a channel is for.
double share_of_peak(const Hbm& memory, std::int64_t count,
                     const std::function<std::int64_t(std::int64_t channel)>& place) {
  HbmCore core(memory);
  using Free = std::pair<Picoseconds, std::int64_t>;  // from when, channel
  std::priority_queue<Free, std::vector<Free>, std::greater<>> places;
  for (std::int64_t i = 0; i < 32 * memory.channels(); ++i) {
    places.push({0, i % memory.channels()});
  }
  Picoseconds last = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto [now, channel] = places.top();
    places.pop();
    const std::int64_t address = (place(channel) * memory.channels() + channel) * 64;
    const Picoseconds tail = core.serve(now, {false, address, 64}).tail;
    places.push({tail, channel});
    last = std::max(last, tail);
  }
  return static_cast<double>(count * 64) / (static_cast<double>(last) * 1e-12) /
         memory.peak_bandwidth().value();
}

// DRAMsim3 on its configuration HBM2_8Gb_x128 measures 0.920 of peak for sequential reads.
TEST(Hbm, SequentialReadsGetThePublishedShareOfPeak) {
  std::vector<std::int64_t> next(8);
  const double share = share_of_peak(hbm(one_stack()), 400'000,
                                     [&](std::int64_t channel) { return next[channel]++; });
  EXPECT_NEAR(share, 0.920, 0.05 * 0.920);
}

// It does not matter how they are cut.
TEST(Hbm, LongSequentialReadsGetTheSameShare) {
  const Hbm memory = hbm(one_stack());
  HbmCore core(memory);
  Picoseconds last = 0;
  for (std::int64_t i = 0; i < 1024; ++i) {
    last = std::max(last, core.serve(0, {false, i << 18, 1 << 18}).tail);
  }
  const double share =
      (1 << 28) / (static_cast<double>(last) * 1e-12) / memory.peak_bandwidth().value();
  EXPECT_NEAR(share, 0.920, 0.05 * 0.920);
}

/// A random 64 bytes of a channel of 1 GiB.
std::int64_t random_place(std::mt19937_64& random) {
  return static_cast<std::int64_t>(random() % ((std::uint64_t{1} << 30) / 64));
}

// ... and 0.243 for random reads of 64 bytes, of which tFAW allows four in 30 ns per channel.
TEST(Hbm, RandomReadsGetThePublishedShareOfPeak) {
  std::mt19937_64 random(1);
  const double share =
      share_of_peak(hbm(one_stack()), 400'000, [&](std::int64_t) { return random_place(random); });
  EXPECT_NEAR(share, 0.243, 0.05 * 0.243);
}

TEST(Hbm, RandomReadsFollowTheActivateWindow) {
  for (const double faw : {15e-9, 30e-9, 60e-9}) {
    Hbm::Params params = one_stack();
    params.t_faw = Seconds(faw);
    params.t_rrd = Seconds(0);
    params.t_refi = Seconds(std::numeric_limits<double>::infinity());
    std::mt19937_64 random(2);
    const double share =
        share_of_peak(hbm(params), 200'000, [&](std::int64_t) { return random_place(random); });
    // An access takes tFAW / 4, in which the bus could have moved 32 bytes per nanosecond.
    const double theory = 64 / 32.0 / (faw / 4 * 1e9);
    EXPECT_NEAR(share, theory, 0.05 * theory) << faw;
  }
}

TEST(Hbm, AnIdleReadTakesThePublishedTime) {
  HbmCore core(hbm(one_stack()));
  const StorageSpan span = core.serve(0, {false, 0, 64});
  EXPECT_EQ(span.head, 30 * kNanosecond);
  EXPECT_EQ(span.tail, 32 * kNanosecond);
}

/// One channel whose rows lie in turn in 16 banks, without refresh.
Hbm::Params one_channel() {
  Hbm::Params params = one_stack();
  params.channels = 1;
  params.t_refi = Seconds(std::numeric_limits<double>::infinity());
  params.t_controller = Seconds(0);
  return params;
}

TEST(Hbm, ActivatesKeepTheirDistances) {
  HbmCore core(hbm(one_channel()));
  // Six rows in six banks, all asked for at once: four activates 4 ns apart, the fifth 30 ns after
  // the first. Data follows an activate by tRCD + CL.
  const Picoseconds expected[] = {0, 4, 8, 12, 30, 34};
  for (std::int64_t i = 0; i < 6; ++i) {
    EXPECT_EQ(core.serve(0, {false, i * 2048, 64}).head, (expected[i] + 28) * kNanosecond) << i;
  }
}

TEST(Hbm, OneBankOpensItsRowsARowCycleApart) {
  HbmCore core(hbm(one_channel()));
  constexpr std::int64_t same_bank = 16 * 2048;
  EXPECT_EQ(core.serve(0, {false, 0, 64}).head, 28 * kNanosecond);
  EXPECT_EQ(core.serve(0, {false, same_bank, 64}).head, (48 + 28) * kNanosecond);
  // An open row needs no activate: the data follows on the bus.
  EXPECT_EQ(core.serve(0, {false, same_bank + 64, 64}).head, (48 + 28 + 2) * kNanosecond);
  // Long after, the open row must be closed first.
  EXPECT_EQ(core.serve(1'000'000, {false, 0, 64}).head, (1000 + 14 + 28) * kNanosecond);
}

/// Time of `count` transfers of `bytes` that read and write in turn, all asked for at once.
double alternating_time(const Hbm::Params& params, std::int64_t count, std::int64_t bytes) {
  HbmCore core(hbm(params));
  Picoseconds last = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    last = core.serve(0, {i % 2 == 1, i * bytes, bytes}).tail;
  }
  return static_cast<double>(last) / kNanosecond;
}

// A queue that gathers a batch of each direction turns once per batch, however small the runs are.
TEST(Hbm, SmallRunsShareTheTurnsOfABatch) {
  Hbm::Params params = one_channel();
  const double total = 1 << 20;
  Hbm::Params free_turns = params;
  free_turns.t_turnaround = Seconds(0);
  for (const std::int64_t bytes : {64, 256, 1024}) {
    const auto count = static_cast<std::int64_t>(total) / bytes;
    const double turns =
        alternating_time(params, count, bytes) - alternating_time(free_turns, count, bytes);
    EXPECT_NEAR(turns, total / 1024 * 11.5, 0.01 * total / 1024 * 11.5) << bytes;
  }
  // Runs of more than a batch turn the bus once each.
  const double turns =
      alternating_time(params, 256, 4096) - alternating_time(free_turns, 256, 4096);
  EXPECT_NEAR(turns, 255 * 11.5, 0.01 * 255 * 11.5);
}

TEST(Hbm, RefreshClosesRowsAndStopsTheChannel) {
  Hbm::Params params = one_channel();
  params.t_refi = Seconds(3900e-9);
  HbmCore core(hbm(params));
  EXPECT_EQ(core.serve(0, {false, 0, 64}).head, 28 * kNanosecond);
  // Asked for during the first refresh: tRP + tRFC from its begin, then the row is opened again.
  EXPECT_EQ(core.serve(3'950'000, {false, 64, 64}).head, (3900 + 14 + 260 + 28) * kNanosecond);
}

}  // namespace
}  // namespace simdse
