// Banks and ports of the global buffer against what theory says of conflicts.
#include <numeric>
#include <random>

#include "models/buffer/banked_sram_core.h"
#include "search/estimate/region_estimate.h"
#include "tlm/bench.h"

namespace simdse {
namespace {

constexpr std::int64_t kAccess = 64;    // bytes: what a bank's turn holds
constexpr Picoseconds kService = 4000;  // 64 bytes at 16 per cycle of 1 ns

/// A buffer behind a network that delays nothing, so that banks and ports alone decide.
Chip buffer_chip(std::int64_t banks, std::int64_t ports) {
  return hand_chip({{"noc", "{type: ideal}"},
                    {"global_buffer.banks", std::to_string(banks)},
                    {"global_buffer.ports", std::to_string(ports)},
                    {"global_buffer.interleave", "64 B"},
                    {"global_buffer.queue_depth", "4096"}});
}

/// All accesses of all scripts at once, through the modules.
Picoseconds run(const Chip& chip, const std::vector<std::vector<Request>>& scripts) {
  StorageBench bench(chip, scripts);
  bench.run();
  return bench.finish();
}

/// Each script's accesses one after another, the next when the one before is done: the buffer's
/// core alone. Scripts that are ready at the same time take turns, so that none falls behind.
Picoseconds run_one_by_one(const Chip& chip, const std::vector<std::vector<Request>>& scripts) {
  BankedSramCore core(chip.buffer(), chip.clock());
  std::vector<Picoseconds> ready(scripts.size(), 0);
  std::vector<std::size_t> issued(scripts.size(), 0);
  for (std::size_t turn = 0;; ++turn) {
    std::size_t next = scripts.size();
    for (std::size_t step = 0; step < scripts.size(); ++step) {
      const std::size_t i = (turn / scripts.size() + step) % scripts.size();
      if (issued[i] == scripts[i].size()) continue;
      if (next == scripts.size() || ready[i] < ready[next]) next = i;
    }
    if (next == scripts.size()) return *std::max_element(ready.begin(), ready.end());
    const Request& request = scripts[next][issued[next]++];
    ready[next] =
        core.serve(ready[next], {request.is_write, request.address, request.bytes, 0}).tail;
  }
}

std::vector<Request> accesses(std::int64_t count, std::int64_t first, std::int64_t stride) {
  std::vector<Request> script;
  for (std::int64_t i = 0; i < count; ++i) {
    script.push_back({0, i % 3 == 0, true, (first + i * stride) * kAccess, kAccess});
  }
  return script;
}

class Strides : public ::testing::TestWithParam<std::tuple<std::int64_t, std::int64_t>> {};

// A stride of s granules strikes banks / gcd(s, banks) banks, and nothing else is used.
TEST_P(Strides, UseTheBanksThatTheyStrike) {
  constexpr std::int64_t banks = 16;
  constexpr std::int64_t count = 768;
  const auto [stride, ports] = GetParam();
  const std::int64_t struck = banks / std::gcd(stride, banks);
  EXPECT_EQ(run(buffer_chip(banks, ports), {accesses(count, 5, stride)}),
            count / (struck * ports) * kService);
}

INSTANTIATE_TEST_SUITE_P(Buffer, Strides,
                         ::testing::Combine(::testing::Values(1, 2, 3, 4, 6, 8, 12, 16, 32, 40),
                                            ::testing::Values(1, 2)));

TEST(Ports, TwoStreamsOnOneBankMeetOnlyWhereItHasOnePort) {
  const std::vector<std::vector<Request>> two = {accesses(300, 0, 4), accesses(300, 16, 4)};
  EXPECT_EQ(run_one_by_one(buffer_chip(4, 1), two), 600 * kService);
}

TEST(Ports, TwoStreamsOnOneBankOfTwoPortsDoNotMeet) {
  const std::vector<std::vector<Request>> two = {accesses(300, 0, 4), accesses(300, 16, 4)};
  EXPECT_EQ(run_one_by_one(buffer_chip(4, 2), two), 300 * kService);
}

TEST(Ports, ThreeStreamsShareTwoPorts) {
  const std::vector<std::vector<Request>> three = {accesses(300, 0, 4), accesses(300, 16, 4),
                                                   accesses(300, 32, 4)};
  EXPECT_EQ(run_one_by_one(buffer_chip(4, 2), three), 450 * kService);
}

TEST(Ports, OneStreamThatWaitsForEachAccessUsesOnePort) {
  EXPECT_EQ(run_one_by_one(buffer_chip(4, 2), {accesses(300, 0, 4)}), 300 * kService);
}

class RandomBanks : public ::testing::TestWithParam<std::tuple<std::int64_t, std::int64_t>> {};

// Two streams, each with one access under way to one of m banks at random. Whether they met or
// not, whoever is served chooses anew, so they meet with probability 1/m: 2 - 1/m accesses are
// served at a time by banks of one port (Skinner and Asher, 1969, for m = 2: 1.5), and 2 by banks
// of two.
TEST_P(RandomBanks, TwoStreamsMeetAsOftenAsChanceHasIt) {
  const auto [banks, ports] = GetParam();
  constexpr std::int64_t count = 20000;
  std::mt19937 random(7);
  std::vector<std::vector<Request>> scripts(2);
  for (std::vector<Request>& script : scripts) {
    for (std::int64_t i = 0; i < count; ++i) {
      const auto bank = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(banks));
      script.push_back({0, false, true, bank * kAccess, kAccess});
    }
  }
  const double served = 2.0 * count * static_cast<double>(kService) /
                        static_cast<double>(run_one_by_one(buffer_chip(banks, ports), scripts));
  EXPECT_NEAR(served, ports == 2 ? 2 : 2 - 1.0 / static_cast<double>(banks), 0.02);
}

INSTANTIATE_TEST_SUITE_P(Buffer, RandomBanks,
                         ::testing::Combine(::testing::Values(1, 2, 4, 8),
                                            ::testing::Values(1, 2)));

class EstimatedRate : public ::testing::TestWithParam<std::int64_t> {};

TEST_P(EstimatedRate, IsThatOfAStreamOverAllBanks) {
  constexpr std::int64_t count = 1600;
  const std::int64_t ports = GetParam();
  const Chip chip = buffer_chip(8, ports);
  const double nanoseconds = static_cast<double>(run(chip, {accesses(count, 0, 1)})) / 1000;
  EXPECT_DOUBLE_EQ(ChipRates::of(chip).buffer, 16.0 * 8 * static_cast<double>(ports));
  EXPECT_DOUBLE_EQ(static_cast<double>(count * kAccess) / nanoseconds, ChipRates::of(chip).buffer);
}

INSTANTIATE_TEST_SUITE_P(Buffer, EstimatedRate, ::testing::Values(1, 2));

}  // namespace
}  // namespace simdse
