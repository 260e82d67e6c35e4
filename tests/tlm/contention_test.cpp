// Contention that can be solved by hand, and what the estimate's own rates say without it.
#include "search/estimate/region_estimate.h"
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

using Scripts = std::vector<std::vector<Request>>;

/// Time of the slowest initiator if each had network, buffer and memory to itself, by the rates
/// that the estimate works with; a cycle is a nanosecond.
double alone_ns(const Chip& chip, const Scripts& scripts) {
  const ChipRates rates = ChipRates::of(chip);
  double slowest = 0;
  for (const std::vector<Request>& script : scripts) {
    double memory = 0;
    double buffer = 0;
    double in = 0;
    double out = 0;
    for (const Request& request : script) {
      const auto bytes = static_cast<double>(request.bytes);
      (request.in_buffer ? buffer : memory) += bytes;
      (request.is_write ? out : in) += bytes;
    }
    slowest = std::max({slowest, std::max(in, out) / rates.port,
                        memory / std::min(rates.memory, rates.network_memory),
                        buffer / std::min(rates.buffer, rates.network_buffer)});
  }
  return slowest;
}

constexpr Bytes kNoWindow = Bytes(1 << 30);

void expect_near_theory(Picoseconds found, double theory_ns) {
  EXPECT_NEAR(static_cast<double>(found) / kNanosecond, theory_ns, 0.02 * theory_ns);
}

/// Runs and compares with theory, and shows that ignoring contention would be far off.
void expect_contention(const Chip& chip, const Scripts& scripts, double theory_ns,
                       Bytes window = kNoWindow) {
  StorageBench bench(chip, scripts, Between::nothing, false, window);
  bench.run();
  expect_near_theory(bench.finish(), theory_ns);
  EXPECT_LT(alone_ns(chip, scripts), 0.8 * theory_ns);
}

// One channel gives 32 bytes per nanosecond.
TEST(Contention, TwoReadersOfOneChannelTakeTwiceAsLong) {
  const Chip chip = hand_chip();
  expect_contention(chip, {stream(0, 64 * kKiB, 16, false), stream(kMiB, 64 * kKiB, 16, false)},
                    2.0 * kMiB / 32);
}

TEST(Contention, FourReadersOfOneChannelTakeFourTimesAsLong) {
  const Chip chip = hand_chip();
  std::vector<std::vector<Request>> scripts;
  for (int i = 0; i < 4; ++i) scripts.push_back(stream(i * kMiB, 64 * kKiB, 16, false));
  expect_contention(chip, scripts, 4.0 * kMiB / 32);
}

TEST(Contention, AShortStreamBesideALongOneGetsItsFairShare) {
  const Chip chip = hand_chip();
  // Each initiator has as much under way as the other, so they take turns.
  const Scripts scripts = {stream(0, 4 * kKiB, 64, false), stream(8 * kMiB, 4 * kKiB, 256, false)};
  StorageBench bench(chip, scripts, Between::nothing, false, Bytes(8 * kKiB));
  bench.run();
  const double quarter = 256.0 * kKiB / 32;
  expect_near_theory(bench.initiators[0]->finish, 2 * quarter);
  expect_near_theory(bench.initiators[1]->finish, 5 * quarter);
  EXPECT_LT(alone_ns(chip, {scripts[0]}), 0.8 * 2 * quarter);
}

TEST(Contention, ANarrowPortBeforeAWideMemory) {
  // 8 channels could give 256 bytes per nanosecond, the memory's port carries 64.
  const Chip chip = hand_chip({{"memory.channels", "8"}});
  expect_contention(chip,
                    {stream(0, 64 * kKiB, 16, false), stream(kMiB, 64 * kKiB, 16, false),
                     stream(2 * kMiB, 64 * kKiB, 16, false)},
                    3.0 * kMiB / 64);
}

TEST(Contention, OneCoreReadsBufferAndMemoryThroughOnePort) {
  // 4 banks (interleaved finely) and 4 channels could each fill the port.
  const Chip chip = hand_chip({{"memory.channels", "4"}, {"global_buffer.interleave", "256 B"}});
  const std::vector<Request> from_memory = stream(0, 64 * kKiB, 16, false);
  const std::vector<Request> from_buffer = stream(0, 64 * kKiB, 16, true);
  std::vector<Request> both = from_memory;
  both.insert(both.end(), from_buffer.begin(), from_buffer.end());
  const double theory = 2.0 * kMiB / 64;
  StorageBench bench(chip, {both});
  bench.run();
  expect_near_theory(bench.finish(), theory);
  // The estimate knows the port, and knows that either alone takes half as long.
  EXPECT_NEAR(alone_ns(chip, {both}), theory, 1e-6 * theory);
  EXPECT_LT(alone_ns(chip, {from_memory}), 0.8 * theory);
  EXPECT_LT(alone_ns(chip, {from_buffer}), 0.8 * theory);
}

TEST(Contention, AllTilesInOneBankCollapseTheBandwidth) {
  // Banks of 4 MiB each: everything below 4 MiB lies in bank 0, which gives 16 bytes per cycle.
  const Chip chip = hand_chip();
  expect_contention(chip, {stream(0, 64 * kKiB, 32, true)}, 2.0 * kMiB / 16);
}

TEST(Contention, TwoCoresOnOneBankQueueForIt) {
  const Chip chip = hand_chip();
  expect_contention(chip, {stream(0, 64 * kKiB, 16, true), stream(kMiB, 64 * kKiB, 16, true)},
                    2.0 * kMiB / 16);
}

TEST(Contention, TwoCoresOnTwoBanksDoNotMeet) {
  // The port of the buffer (64 bytes per cycle) carries both at 16 each.
  const Chip chip = hand_chip();
  StorageBench bench(chip, {stream(0, 64 * kKiB, 16, true), stream(4 * kMiB, 64 * kKiB, 16, true)});
  bench.run();
  expect_near_theory(bench.finish(), 1.0 * kMiB / 16);
}

TEST(Contention, TurningTheBusCostsBetweenReadsAndWrites) {
  const Chip chip = hand_chip({{"memory.t_wtr_s", "400 ns"},
                               {"memory.t_wtr_l", "400 ns"},
                               {"memory.t_rtw", "402 ns"}});  // a burst takes 2
  // Reads and writes of 16 KiB arrive in turn: each waits for the bus to be turned.
  std::vector<Request> script;
  for (int i = 0; i < 32; ++i) {
    script.push_back({0, i % 2 == 1, false, i * 16 * kKiB, 16 * kKiB});
  }
  // One request at a time, so that they reach the memory in this order.
  expect_contention(chip, {script}, 32 * 16.0 * kKiB / 32 + 31 * 400, Bytes(16 * kKiB));
}

TEST(Contention, RefreshStopsTheChannel) {
  const Chip chip = hand_chip({{"memory.t_refi", "1000 ns"}, {"memory.t_rfc", "400 ns"}});
  const Scripts scripts = {stream(0, 64 * kKiB, 64, false)};
  const double theory = 4.0 * kMiB / 32 / 0.6;  // 600 of every 1000 ns are left
  StorageBench bench(chip, scripts);
  bench.run();
  expect_near_theory(bench.finish(), theory);
  // Refresh is the one loss that the estimate knows on average.
  EXPECT_NEAR(alone_ns(chip, scripts), theory, 1e-6 * theory);
}

TEST(Contention, OneBankOfRowsPaysForEveryRowChange) {
  const Chip chip = hand_chip({{"memory.banks", "1"},
                               {"memory.bank_groups", "1"},
                               {"memory.t_rp", "16 ns"},
                               {"memory.t_rcd", "16 ns"},
                               {"memory.t_ras", "16 ns"},
                               {"memory.t_rc", "32 ns"}});
  // A row of 2 KiB takes 64 ns; closing it and opening the next 32 ns.
  const Scripts scripts = {stream(0, 64 * kKiB, 16, false)};
  const double theory = 1.0 * kMiB / 32 * (64.0 + 32) / 64;
  StorageBench bench(chip, scripts);
  bench.run();
  expect_near_theory(bench.finish(), theory);
  // The estimate knows what banks leave of a long transfer.
  EXPECT_NEAR(alone_ns(chip, scripts), theory, 1e-6 * theory);
}

TEST(Contention, AQueueOfOneTakesOneTransferAtATime) {
  // With a single place, each request waits for the one before: the latency can't be hidden.
  const Chip chip = hand_chip({{"memory.queue_depth", "1"}, {"memory.t_controller", "500 ns"}});
  const double each = 16.0 * kKiB / 32;
  expect_contention(chip, {stream(0, 16 * kKiB, 32, false)}, 32 * (each + 500));
}

TEST(Contention, WritersShareThePortOfTheBuffer) {
  const Chip chip = hand_chip(
      {{"global_buffer.interleave", "256 B"}, {"global_buffer.bank_width", "64 B/cycle"}});
  expect_contention(
      chip, {stream(0, 64 * kKiB, 16, true, true), stream(2 * kMiB, 64 * kKiB, 16, true, true)},
      2.0 * kMiB / 64);
}

TEST(Contention, ReadsAndWritesUseSeparateDirectionsOfThePorts) {
  const Chip chip = hand_chip(
      {{"global_buffer.interleave", "256 B"}, {"global_buffer.bank_width", "64 B/cycle"}});
  StorageBench bench(
      chip, {stream(0, 256 * kKiB, 16, true, false), stream(8 * kMiB, 256 * kKiB, 16, true, true)});
  bench.run();
  expect_near_theory(bench.finish(), 4.0 * kMiB / 64);
}

TEST(Contention, StaggeringTwoJobsChangesTheirTime) {
  const Chip chip = hand_chip();
  const double alone = 1.0 * kMiB / 32;
  const auto late = static_cast<Picoseconds>(alone / 2 * kNanosecond);
  const Scripts scripts = {stream(0, 4 * kKiB, 256, false),
                           stream(kMiB, 4 * kKiB, 256, false, false, late)};
  StorageBench bench(chip, scripts, Between::nothing, false, Bytes(8 * kKiB));
  bench.run();
  // Half alone, then both at half speed; the first is done before the second starts to be alone.
  expect_near_theory(bench.initiators[1]->finish - late, 1.5 * alone);
  EXPECT_LT(alone_ns(chip, {scripts[1]}), 0.8 * 1.5 * alone);
}

class ChannelSweep : public ::testing::TestWithParam<int> {};

TEST_P(ChannelSweep, TwoReadersLieBetweenTheEnvelopes) {
  const int channels = GetParam();
  const Chip chip = hand_chip({{"memory.channels", std::to_string(channels)},
                               {"noc.port_width", "128 B/cycle"},
                               {"noc.memory_ports", "4"}});
  StorageBench bench(chip,
                     {stream(0, 256 * kKiB, 16, false), stream(4 * kMiB, 256 * kKiB, 16, false)});
  bench.run();
  const double each = std::max(4.0 * kMiB / 128, 4.0 * kMiB / (32.0 * channels));
  const double found = static_cast<double>(bench.finish()) / kNanosecond;
  EXPECT_GE(found, each * 0.999);
  EXPECT_LE(found, 2 * each * 1.02);
  if (channels <= 4) {
    EXPECT_NEAR(found, 2 * each, 0.02 * 2 * each);  // the channels are all that counts
  }
  if (channels >= 16) {
    EXPECT_NEAR(found, each, 0.02 * each);  // there are enough for both
  }
}

INSTANTIATE_TEST_SUITE_P(Channels, ChannelSweep, ::testing::Values(1, 2, 4, 8, 16));

}  // namespace
}  // namespace simdse
