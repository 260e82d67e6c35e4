// Banks and ports of the global buffer against what theory says of conflicts.
#include <fmt/core.h>

#include <cmath>
#include <numeric>
#include <random>

#include "models/buffer/banked_sram_core.h"
#include "search/estimate/region_estimate.h"
#include "tlm/bench.h"
#include "tlm/mixed_load.h"

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

class Strides
    : public ::testing::TestWithParam<std::tuple<std::int64_t, std::int64_t, std::int64_t>> {};

// A stride of s granules strikes banks / gcd(s, banks) banks, and nothing else is used.
TEST_P(Strides, UseTheBanksThatTheyStrike) {
  constexpr std::int64_t count = 768;
  const auto [banks, stride, ports] = GetParam();
  const std::int64_t struck = banks / std::gcd(stride, banks);
  EXPECT_EQ(run(buffer_chip(banks, ports), {accesses(count, 5, stride)}),
            count / (struck * ports) * kService);
}

INSTANTIATE_TEST_SUITE_P(Buffer, Strides,
                         ::testing::Combine(::testing::Values(12, 16),
                                            ::testing::Values(1, 2, 3, 4, 6, 8, 12, 16, 32, 40),
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
                         ::testing::Combine(::testing::Values(1, 2, 4, 5, 8),
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

/// Every bank by itself, whatever the access: what moving in step is measured against.
class BankByBank : public StorageCore {
 public:
  BankByBank(const Buffer& buffer, const Clock& clock)
      : interleave_(buffer.banks(), buffer.interleave().value()),
        width_(buffer.bank_width().value()),
        clock_(clock),
        latency_(clock.span(buffer.latency())),
        free_at_(static_cast<std::size_t>(buffer.banks()),
                 std::vector<Picoseconds>(static_cast<std::size_t>(buffer.ports()), 0)) {}

  StorageSpan serve(Picoseconds now, const StorageRequest& request) override {
    StorageSpan span{kNever, now};
    interleave_.for_each(
        request.address, request.bytes, [&](std::int64_t bank, std::int64_t bytes, std::int64_t) {
          std::vector<Picoseconds>& ports = free_at_[static_cast<std::size_t>(bank)];
          Picoseconds& port = *std::min_element(ports.begin(), ports.end());
          const Picoseconds start = std::max(now + latency_, port);
          const auto cycles = std::llround(std::ceil(static_cast<double>(bytes) / width_));
          port = start + clock_.span(Cycles(cycles));
          span.add({start, port});
        });
    return span;
  }
  std::size_t queue_depth() const override { return 1; }

 private:
  Interleave interleave_;
  double width_;
  Clock clock_;
  Picoseconds latency_;
  std::vector<std::vector<Picoseconds>> free_at_;
};

using BanksAndPorts = std::tuple<std::int64_t, std::int64_t>;
class BanksInStep : public ::testing::TestWithParam<BanksAndPorts> {};

// Banks in step stand for banks one by one: near them where ends and small accesses put some of
// them out of step.
TEST_P(BanksInStep, AsBankByBank) {
  const auto [banks, ports] = GetParam();
  const Chip chip = buffer_chip(banks, ports);
  for (const std::int64_t largest : {2 << 10, 16 << 10, 256 << 10}) {
    for (const int in_flight : {1, 4, 32}) {
      double end_error = 0;
      double latency_error = 0;
      for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        BankedSramCore core(chip.buffer(), chip.clock());
        BankByBank reference(chip.buffer(), chip.clock());
        const LoadTimes in_step = mixed_load(core, seed, largest, in_flight);
        const LoadTimes alone = mixed_load(reference, seed, largest, in_flight);
        const double end = static_cast<double>(in_step.end) / static_cast<double>(alone.end) - 1;
        end_error = std::max(end_error, std::abs(end));
        latency_error =
            std::max(latency_error, std::abs(in_step.mean_latency / alone.mean_latency - 1));
      }
      fmt::print(
          "{} banks, {} ports, up to {} B, {} at a time: end within {:.2f} %, latency {:.2f} %\n",
          banks, ports, largest, in_flight, end_error * 100, latency_error * 100);
      EXPECT_LT(end_error, ports == 1 ? 0.025 : 0.045);
      EXPECT_LT(latency_error, ports == 1 ? 0.025 : 0.045);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Buffer, BanksInStep,
                         ::testing::Combine(::testing::Values(4, 16, 20, 32),
                                            ::testing::Values(1, 2)));

}  // namespace
}  // namespace simdse
