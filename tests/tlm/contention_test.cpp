// Contention that can be solved by hand. In each case the answer without contention is at least 20
// % off.
#include "tlm/bench.h"

namespace simdse {
namespace {

constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = 1024 * 1024;
constexpr double kNanosecond = 1000;

/// `count` reads of `bytes` each, one after another in address, all issued at `at`.
std::vector<Request> stream(std::int64_t address, std::int64_t bytes, std::int64_t count,
                            bool in_buffer, bool is_write = false, Picoseconds at = 0) {
  std::vector<Request> result;
  for (std::int64_t i = 0; i < count; ++i) {
    result.push_back({at, is_write, in_buffer, address + i * bytes, bytes});
  }
  return result;
}

/// Runs and compares with theory, and shows that ignoring contention would be far off.
void expect_time(StorageBench& bench, double theory_ns, double alone_ns) {
  bench.run();
  const double found = static_cast<double>(bench.finish()) / kNanosecond;
  EXPECT_NEAR(found, theory_ns, 0.02 * theory_ns);
  EXPECT_GT(std::abs(alone_ns - theory_ns) / theory_ns, 0.2);
}

// One channel gives 32 bytes per nanosecond.
TEST(Contention, TwoReadersOfOneChannelTakeTwiceAsLong) {
  const Chip chip = hand_chip();
  StorageBench bench(chip, {stream(0, 64 * kKiB, 16, false), stream(kMiB, 64 * kKiB, 16, false)});
  expect_time(bench, 2.0 * kMiB / 32, 1.0 * kMiB / 32);
}

TEST(Contention, FourReadersOfOneChannelTakeFourTimesAsLong) {
  const Chip chip = hand_chip();
  std::vector<std::vector<Request>> scripts;
  for (int i = 0; i < 4; ++i) scripts.push_back(stream(i * kMiB, 64 * kKiB, 16, false));
  StorageBench bench(chip, scripts);
  expect_time(bench, 4.0 * kMiB / 32, 1.0 * kMiB / 32);
}

TEST(Contention, AShortStreamBesideALongOneGetsItsFairShare) {
  const Chip chip = hand_chip();
  // Each initiator has as much under way as the other, so they take turns.
  StorageBench bench(chip,
                     {stream(0, 16 * kKiB, 16, false), stream(8 * kMiB, 16 * kKiB, 64, false)},
                     Between::nothing, false, Bytes(32 * kKiB));
  bench.run();
  const double quarter = 256.0 * kKiB / 32;
  EXPECT_NEAR(static_cast<double>(bench.initiators[0]->finish) / kNanosecond, 2 * quarter,
              0.02 * 2 * quarter + 2 * 16.0 * kKiB / 32);
  EXPECT_NEAR(static_cast<double>(bench.initiators[1]->finish) / kNanosecond, 5 * quarter,
              0.02 * 5 * quarter);
}

TEST(Contention, ANarrowPortBeforeAWideMemory) {
  // 8 channels could give 256 bytes per nanosecond, the memory's port carries 64.
  const Chip chip = hand_chip({{"memory.channels", "8"}});
  StorageBench bench(chip, {stream(0, 64 * kKiB, 16, false), stream(kMiB, 64 * kKiB, 16, false),
                            stream(2 * kMiB, 64 * kKiB, 16, false)});
  expect_time(bench, 3.0 * kMiB / 64, 1.0 * kMiB / 64);
}

TEST(Contention, OneCoreReadsBufferAndMemoryThroughOnePort) {
  // 4 banks (interleaved finely) and 4 channels could each fill the port.
  const Chip chip = hand_chip({{"memory.channels", "4"}, {"global_buffer.interleave", "256 B"}});
  std::vector<Request> both = stream(0, 64 * kKiB, 16, false);
  const std::vector<Request> more = stream(0, 64 * kKiB, 16, true);
  both.insert(both.end(), more.begin(), more.end());
  StorageBench bench(chip, {both});
  expect_time(bench, 2.0 * kMiB / 64, 1.0 * kMiB / 64);
}

TEST(Contention, AllTilesInOneBankCollapseTheBandwidth) {
  // Banks of 4 MiB each: everything below 4 MiB lies in bank 0, which gives 16 bytes per cycle.
  const Chip chip = hand_chip();
  StorageBench bench(chip, {stream(0, 64 * kKiB, 32, true)});
  expect_time(bench, 2.0 * kMiB / 16, 2.0 * kMiB / 64);
}

TEST(Contention, TwoCoresOnOneBankQueueForIt) {
  const Chip chip = hand_chip();
  StorageBench bench(chip, {stream(0, 64 * kKiB, 16, true), stream(kMiB, 64 * kKiB, 16, true)});
  expect_time(bench, 2.0 * kMiB / 16, 1.0 * kMiB / 16);
}

TEST(Contention, TwoCoresOnTwoBanksDoNotMeet) {
  // The port of the buffer (64 bytes per cycle) carries both at 16 each.
  const Chip chip = hand_chip();
  StorageBench bench(chip, {stream(0, 64 * kKiB, 16, true), stream(4 * kMiB, 64 * kKiB, 16, true)});
  bench.run();
  const double theory = 1.0 * kMiB / 16;
  EXPECT_NEAR(static_cast<double>(bench.finish()) / kNanosecond, theory, 0.02 * theory);
}

TEST(Contention, TurningTheBusCostsBetweenReadsAndWrites) {
  const Chip chip = hand_chip({{"memory.t_turnaround", "400 ns"}});
  // Reads and writes of 16 KiB arrive in turn: each waits for the bus to be turned.
  std::vector<Request> script;
  for (int i = 0; i < 32; ++i) {
    script.push_back({0, i % 2 == 1, false, i * 16 * kKiB, 16 * kKiB});
  }
  // One request at a time, so that they reach the memory in this order.
  StorageBench bench(chip, {script}, Between::nothing, false, Bytes(16 * kKiB));
  const double alone = 32 * 16.0 * kKiB / 32;
  bench.run();
  const double found = static_cast<double>(bench.finish()) / kNanosecond;
  EXPECT_NEAR(found, alone + 31 * 400, 0.02 * (alone + 31 * 400));
  EXPECT_GT((found - alone) / found, 0.2);
}

TEST(Contention, RefreshStopsTheChannel) {
  const Chip chip = hand_chip({{"memory.t_refi", "1000 ns"}, {"memory.t_rfc", "400 ns"}});
  StorageBench bench(chip, {stream(0, 64 * kKiB, 64, false)});
  // 600 of every 1000 ns are left.
  expect_time(bench, 4.0 * kMiB / 32 / 0.6, 4.0 * kMiB / 32);
}

TEST(Contention, OneBankOfRowsPaysForEveryRowChange) {
  const Chip chip =
      hand_chip({{"memory.banks", "1"}, {"memory.t_rp", "16 ns"}, {"memory.t_rcd", "16 ns"}});
  // A row of 2 KiB takes 64 ns; closing it and opening the next 32 ns.
  StorageBench bench(chip, {stream(0, 64 * kKiB, 16, false)});
  expect_time(bench, 1.0 * kMiB / 32 * (64.0 + 32) / 64, 1.0 * kMiB / 32);
}

TEST(Contention, AQueueOfOneTakesOneTransferAtATime) {
  // With a single place, each request waits for the one before: the latency can't be hidden.
  const Chip chip = hand_chip({{"memory.queue_depth", "1"}, {"memory.t_controller", "500 ns"}});
  StorageBench bench(chip, {stream(0, 16 * kKiB, 32, false)});
  const double each = 16.0 * kKiB / 32;
  expect_time(bench, 32 * (each + 500), 32 * each);
}

TEST(Contention, WritersShareThePortOfTheBuffer) {
  const Chip chip = hand_chip(
      {{"global_buffer.interleave", "256 B"}, {"global_buffer.bank_width", "64 B/cycle"}});
  StorageBench bench(
      chip, {stream(0, 64 * kKiB, 16, true, true), stream(2 * kMiB, 64 * kKiB, 16, true, true)});
  expect_time(bench, 2.0 * kMiB / 64, 1.0 * kMiB / 64);
}

TEST(Contention, ReadsAndWritesUseSeparateDirectionsOfThePorts) {
  const Chip chip = hand_chip(
      {{"global_buffer.interleave", "256 B"}, {"global_buffer.bank_width", "64 B/cycle"}});
  StorageBench bench(
      chip, {stream(0, 64 * kKiB, 16, true, false), stream(2 * kMiB, 64 * kKiB, 16, true, true)});
  bench.run();
  const double theory = 1.0 * kMiB / 64;
  EXPECT_NEAR(static_cast<double>(bench.finish()) / kNanosecond, theory, 0.03 * theory);
}

TEST(Contention, StaggeringTwoJobsChangesTheirTime) {
  const Chip chip = hand_chip();
  const double alone = 1.0 * kMiB / 32;
  const auto late = static_cast<Picoseconds>(alone / 2 * kNanosecond);
  StorageBench bench(
      chip, {stream(0, 64 * kKiB, 16, false), stream(kMiB, 64 * kKiB, 16, false, false, late)});
  bench.run();
  // Half alone, then both at half speed; the first is done before the second starts to be alone.
  const double second = static_cast<double>(bench.initiators[1]->finish - late) / kNanosecond;
  EXPECT_NEAR(second, 1.5 * alone, 0.05 * alone);
  EXPECT_LT(second, 1.9 * alone);  // what it takes when both start together
}

class ChannelSweep : public ::testing::TestWithParam<int> {};

TEST_P(ChannelSweep, TwoReadersLieBetweenTheEnvelopes) {
  const int channels = GetParam();
  const Chip chip = hand_chip({{"memory.channels", std::to_string(channels)},
                               {"noc.port_width", "128 B/cycle"},
                               {"noc.memory_ports", "4"}});
  StorageBench bench(chip, {stream(0, 64 * kKiB, 16, false), stream(kMiB, 64 * kKiB, 16, false)});
  bench.run();
  const double each = std::max(1.0 * kMiB / 128, 1.0 * kMiB / (32.0 * channels));
  const double found = static_cast<double>(bench.finish()) / kNanosecond;
  EXPECT_GE(found, each * 0.999);
  EXPECT_LE(found, 2 * each * 1.02);
  if (channels <= 4) {
    EXPECT_NEAR(found, 2 * each, 0.03 * 2 * each);  // the channels are all that counts
  }
  if (channels >= 16) {
    EXPECT_NEAR(found, each, 0.05 * each);  // there are enough for both
  }
}

INSTANTIATE_TEST_SUITE_P(Channels, ChannelSweep, ::testing::Values(1, 2, 4, 8, 16));

}  // namespace
}  // namespace simdse
