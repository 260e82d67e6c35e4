// The memory in both its modes: against an independent cycle-level DRAM simulator, against what the
// timing parameters allow, command by command, and the two modes against each other.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "models/memory/hbm_command_core.h"
#include "models/memory/hbm_core.h"
#include "tlm/command_checker.h"
#include "tlm/memory_load.h"
#include "tlm/mixed_load.h"

namespace simdse {
namespace {

using Mode = Hbm::Mode;
using Hash = Hbm::BankHash;
using Order = AccessPattern::Order;

constexpr Picoseconds kNanosecond = 1000;

Hbm hbm(const Hbm::Params& params) { return Hbm(params, {Clock(Hertz(1e9)), 1}); }

/// One stack with the defaults, which are the published configuration: 8 channels of 128 bits at
/// 2 Gb/s per pin, tRCD 14, CL 14, tFAW 30, tRFC 260, tREFI 3900 ns.
Hbm::Params one_stack(Hash hash = Hash::none) {
  Hbm::Params params;
  params.stacks = 1;
  params.bank_hash = hash;
  return params;
}

/// One stack as configs/memories has it.
Hbm::Params standard(const std::string& name, Hash hash = Hash::none) {
  const ConfigValue file = load_config(SIMDSE_SOURCE_DIR "/configs/memories/" + name + ".yaml");
  ConfigReader reader(*file.find("memory"), "memory");
  reader.find("type");
  const ParamTable<Hbm::Params> table;
  Hbm::Params params = table.make(read_params(table.schema(), reader));
  reader.finish();
  params.stacks = 1;
  params.bank_hash = hash;
  return params;
}

const std::vector<std::string>& standards() {
  static const std::vector<std::string> names = {"hbm2", "hbm2e", "hbm3"};
  return names;
}

AccessPattern pattern_of(const Hbm& memory, Order order, std::int64_t block,
                         std::int64_t stride = 4096, double write_share = 0) {
  return {order, Bytes(block), Bytes(stride), write_share, memory.queue_depth()};
}

/// Share of the peak rate that a pattern gets over some refresh intervals; the command-level mode's
/// commands are checked on the way.
double share_of_peak(const Hbm::Params& params, Mode mode, const AccessPattern& pattern,
                     std::int64_t most_blocks = 20'000) {
  const Hbm memory = hbm(params);
  const std::int64_t blocks =
      std::clamp<std::int64_t>((8 << 20) / pattern.block.value(), 2000, most_blocks);
  const double peak = memory.peak_bandwidth().value() * 1e-12;
  if (mode == Mode::aggregated) {
    HbmCore core(memory);
    return MemoryLoadRun(core, pattern, memory.capacity(), blocks).run() / peak;
  }
  HbmCommandCore core(memory);
  CommandChecker checker(params, memory);
  core.watch(&checker);
  const double share = MemoryLoadRun(core, pattern, memory.capacity(), blocks).run() / peak;
  EXPECT_EQ(checker.violations(), std::vector<std::string>{});
  return share;
}

class HbmModes : public ::testing::TestWithParam<Mode> {};

INSTANTIATE_TEST_SUITE_P(Both, HbmModes, ::testing::Values(Mode::aggregated, Mode::command),
                         [](const auto& mode) {
                           return mode.param == Mode::command ? "Command" : "Aggregated";
                         });

// DRAMsim3 on its configuration HBM2_8Gb_x128 measures 0.920 of peak for sequential reads and 0.243
// for random reads of 64 bytes, of which tFAW allows four in 30 ns per channel.
TEST_P(HbmModes, ReadsGetThePublishedSharesOfPeak) {
  for (const Hash hash : {Hash::none, Hash::row_xor}) {
    const Hbm::Params params = one_stack(hash);
    const auto share = [&](Order order, std::int64_t block, std::int64_t most_blocks) {
      return share_of_peak(params, GetParam(), pattern_of(hbm(params), order, block), most_blocks);
    };
    for (const std::int64_t block : {64, 256, 4096}) {
      EXPECT_NEAR(share(Order::sequential, block, 200'000), 0.920, 0.02) << block;
    }
    EXPECT_NEAR(share(Order::random, 64, 20'000), 0.243, 0.02);
  }
}

// Its idle read latency is 32 ns: controller, tRCD, CL and a burst.
TEST_P(HbmModes, AnIdleReadTakesThePublishedTime) {
  for (const Hash hash : {Hash::none, Hash::row_xor}) {
    const Hbm memory = hbm(one_stack(hash));
    AccessPattern pattern = pattern_of(memory, Order::sequential, 64);
    HbmCore aggregated(memory);
    HbmCommandCore command(memory);
    StorageCore& core = GetParam() == Mode::command ? static_cast<StorageCore&>(command)
                                                    : static_cast<StorageCore&>(aggregated);
    MemoryLoadRun run(core, pattern, memory.capacity(), 1);
    run.run();
    EXPECT_EQ(run.end(), 32 * kNanosecond);
  }
}

/// Reads of a stride's blocks, and what the parameters allow of them: refresh leaves 1 - tRFC /
/// tREFI of the time; each channel that the stride visits moves a burst per burst time, opens a row
/// per tRRD_S and four per tFAW; each bank opens a row per tRC; each group's column path takes
/// tCCD_L.
double stride_bound(const Hbm::Params& p, std::int64_t block, std::int64_t stride) {
  const Hbm memory = hbm(p);
  const double ns = 1e-9;
  const auto whole = [&](Seconds time) {
    const double clock = memory.clock_time().value();
    return std::ceil(time.value() / clock - 1e-6) * clock / ns;
  };
  const std::int64_t burst = memory.access_size().value();
  const std::int64_t channels = memory.channels();
  const std::int64_t lanes = p.mapping == Hbm::Mapping::row_bank_column ? 1 : p.bank_groups;
  constexpr std::int64_t count = 4096;
  std::vector<double> bursts(channels), opens(channels);
  std::map<std::pair<std::int64_t, std::int64_t>, double> columns, bank_opens;
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> row_of;
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t at = i * stride; at < i * stride + block; at += burst) {
      const std::int64_t granule = at / p.interleave.value();
      const std::int64_t channel = granule % channels;
      const std::int64_t own =
          granule / channels * p.interleave.value() + at % p.interleave.value();
      const std::int64_t row = own / (p.row_size.value() * lanes);
      const std::int64_t sets = p.banks / lanes;
      const std::int64_t higher = p.bank_hash == Hash::none ? 0 : row / sets % sets;
      const std::int64_t bank = (row % sets ^ higher) * lanes + own / burst % lanes;
      ++bursts[channel];
      ++columns[{channel, bank % p.bank_groups}];
      const auto [open, is_new] = row_of.try_emplace({channel, bank}, row);
      if (is_new || open->second != row) {
        ++opens[channel];
        ++bank_opens[{channel, bank}];
      }
      open->second = row;
    }
  }
  const double clock = memory.clock_time().value() / ns;
  double time = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    time = std::max(time, bursts[c] * memory.burst_time().value() / ns);
    time = std::max(time, opens[c] * std::max(whole(p.t_rrd_s), whole(p.t_faw) / 4));
  }
  for (const auto& [place, n] : columns) {
    time = std::max(time, n * clock * static_cast<double>(p.t_ccd_l));
  }
  for (const auto& [place, n] : bank_opens) time = std::max(time, n * whole(p.t_rc));
  const double bytes = static_cast<double>(count * block);
  return bytes / (time * ns) / memory.peak_bandwidth().value() * (1 - p.t_rfc / p.t_refi);
}

void expect_strides_follow_the_bound(Mode mode, const Hbm::Params& params,
                                     std::initializer_list<std::int64_t> strides) {
  const Hbm memory = hbm(params);
  for (const std::int64_t block : {64, 256, 1024}) {
    for (const std::int64_t stride : strides) {
      const AccessPattern pattern = pattern_of(memory, Order::stride, block, stride);
      const double bound = stride_bound(params, block, stride);
      const double share = share_of_peak(params, mode, pattern);
      // A run of finite length sees a refresh more or less.
      EXPECT_LE(share, 1.05 * bound) << block << " " << stride;
      EXPECT_GE(share, 0.90 * bound) << block << " " << stride;
      EXPECT_NEAR(memory.bandwidth(pattern).value() / memory.peak_bandwidth().value(), bound,
                  0.05 * bound)
          << block << " " << stride;
    }
  }
}

TEST_P(HbmModes, StridesAndBlocksFollowWhatTheTimingAllows) {
  for (const std::string& name : standards()) {
    for (const Hash hash : {Hash::none, Hash::row_xor}) {
      SCOPED_TRACE(name + (hash == Hash::none ? "" : ", xor"));
      expect_strides_follow_the_bound(GetParam(), standard(name, hash), {1024, 4096, 4352, 65536});
    }
  }
}

// A stride of all rows that one channel's banks hold side by side: one set of banks, or all.
TEST_P(HbmModes, StridesOfAllBanksAtOnceFollowWhatTheTimingAllows) {
  for (const std::string& name : standards()) {
    for (const Hash hash : {Hash::none, Hash::row_xor}) {
      SCOPED_TRACE(name + (hash == Hash::none ? "" : ", xor"));
      const Hbm::Params params = standard(name, hash);
      expect_strides_follow_the_bound(
          GetParam(), params, {hbm(params).channels() * params.row_size.value() * params.banks});
    }
  }
}

// Strides that stay in one bank from one end of the memory to the other: the blocks of the next
// pass lie in another channel, but come later.
TEST(HbmBandwidth, AStrideWithinOneBankGetsARowPerRowCycle) {
  const Hbm::Params params = one_stack();
  const Hbm memory = hbm(params);
  const double bound = 256 / params.t_rc.value() / memory.peak_bandwidth().value() *
                       (1 - params.t_rfc / params.t_refi);
  for (std::int64_t stride = 1 << 18; stride <= 1 << 26; stride *= 2) {
    const AccessPattern pattern = pattern_of(memory, Order::stride, 256, stride);
    const double formula = memory.bandwidth(pattern).value() / memory.peak_bandwidth().value();
    const double share = share_of_peak(params, Mode::aggregated, pattern);
    EXPECT_NEAR(formula, share, 0.1 * share) << stride;
    // Passes of many blocks hardly overlap.
    if (stride <= 1 << 20) {
      EXPECT_NEAR(formula, bound, 0.05 * bound) << stride;
    }
  }
}

TEST(HbmParams, TimesThatContradictEachOtherAreRefused) {
  const auto expect_refused = [](const std::string& text, const auto& change) {
    for (const std::string& name : standards()) {
      Hbm::Params params = standard(name);
      EXPECT_NO_THROW(hbm(params)) << name;
      change(params);
      try {
        hbm(params);
        ADD_FAILURE() << name << ": nothing is said of " << text;
      } catch (const InputError& error) {
        EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
      }
    }
  };
  const Seconds little(1e-10);
  expect_refused("t_rc must", [&](Hbm::Params& p) { p.t_rc = p.t_ras + p.t_rp - little; });
  expect_refused("t_ras must", [&](Hbm::Params& p) { p.t_ras = p.t_rcd - little; });
  expect_refused("t_faw must", [&](Hbm::Params& p) { p.t_faw = p.t_rrd_s - little; });
  expect_refused("t_rrd_l must", [&](Hbm::Params& p) { p.t_rrd_l = p.t_rrd_s - little; });
  expect_refused("t_wtr_l must", [&](Hbm::Params& p) { p.t_wtr_l = p.t_wtr_s - little; });
  expect_refused("t_ccd_l must", [&](Hbm::Params& p) { p.t_ccd_l = p.t_ccd_s - 1; });
  Hbm::Params without_window = standard("hbm2");
  without_window.t_faw = Seconds(0);
  EXPECT_NO_THROW(hbm(without_window));
}

// Random reads of a burst each: an activate per burst, four in tFAW or one in tRRD_S.
TEST_P(HbmModes, RandomReadsFollowTheActivateWindow) {
  for (const std::string& name : standards()) {
    for (const double faw : {0.5, 1.0, 2.0}) {
      Hbm::Params params = standard(name);
      params.t_faw = params.t_faw * faw;
      const Hbm memory = hbm(params);
      const Hbm::Params& whole = memory.params();
      const double each = std::max(whole.t_faw.value() / 4, whole.t_rrd_s.value());
      const double bound = memory.burst_time().value() / each * (1 - params.t_rfc / params.t_refi);
      const double share = share_of_peak(
          params, GetParam(), pattern_of(memory, Order::random, memory.access_size().value()));
      EXPECT_LE(share, 1.03 * bound) << name << " " << faw;
      // Bank conflicts and channels that chance leaves idle cost the more the less tFAW binds.
      EXPECT_GE(share, (faw < 1 ? 0.75 : 0.85) * bound) << name << " " << faw;
    }
  }
}

// Every command of random parameters, patterns and directions keeps every distance.
TEST(HbmCommands, KeepAllTimingConstraints) {
  std::mt19937_64 random(3);
  const auto one_of = [&](std::initializer_list<double> values) {
    return values.begin()[random() % values.size()];
  };
  for (int round = 0; round < 60; ++round) {
    Hbm::Params params = standard(standards()[random() % 3]);
    params.pin_rate = params.pin_rate * one_of({0.7, 1.0, 1.3});
    params.t_faw = params.t_faw * one_of({0.5, 1, 3});
    params.t_rrd_l = params.t_rrd_l * one_of({1, 4});
    params.t_ccd_l = static_cast<std::int64_t>(one_of({2, 4, 9}));
    params.t_wtr_l = params.t_wtr_l * one_of({1, 5});
    params.t_wr = params.t_wr * one_of({1, 4});
    params.t_rtp = params.t_rtp * one_of({1, 10});
    params.t_rc = params.t_rc * one_of({1, 2});
    params.t_refi = params.t_refi * one_of({0.3, 1});
    params.banks = static_cast<std::int64_t>(one_of({4, 16, 32}));
    params.channels = 1;
    params.mapping =
        random() % 2 == 0 ? Hbm::Mapping::row_bank_column : Hbm::Mapping::row_bank_column_group;
    params.bank_hash = random() % 2 == 0 ? Hash::none : Hash::row_xor;
    const Hbm memory = hbm(params);
    AccessPattern pattern =
        pattern_of(memory, static_cast<Order>(random() % 3), std::int64_t{32} << random() % 8, 4352,
                   one_of({0, 0.2, 0.5, 1}));
    HbmCommandCore core(memory);
    CommandChecker checker(params, memory);
    core.watch(&checker);
    // A region of a few rows, so that rows are met again and again.
    const Bytes region(round % 2 == 0 ? 1 << 16 : 1 << 26);
    MemoryLoadRun run(core, pattern, region, 3000, static_cast<std::uint64_t>(round));
    run.run();
    EXPECT_EQ(checker.violations(), std::vector<std::string>{}) << round;
    const std::int64_t per_block = ceil_div(pattern.block.value(), memory.access_size().value());
    using Kind = DramCommand::Kind;
    // Reads may find their bytes among the queued writes; writes are all written.
    EXPECT_LE(checker.count(Kind::read), (3000 - run.written()) * per_block + 3000);
    EXPECT_GE(checker.count(Kind::write), run.written() * per_block);
    if (run.written() == 0) {
      EXPECT_GE(checker.count(Kind::read), 3000 * per_block);
    }
    if (to_seconds(run.end()) > params.t_refi * 2) {
      EXPECT_GT(checker.count(Kind::refresh), 0);
    }
    EXPECT_LT(checker.latest_refresh(), params.t_refi.value() * 1e9);
  }
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

TEST(Hbm, RefreshClosesRowsAndStopsTheChannel) {
  Hbm::Params params = one_channel();
  params.t_refi = Seconds(3900e-9);
  HbmCore core(hbm(params));
  EXPECT_EQ(core.serve(0, {false, 0, 64}).head, 28 * kNanosecond);
  // Asked for during the first refresh: tRP + tRFC from its begin, then the row is opened again.
  EXPECT_EQ(core.serve(3'950'000, {false, 64, 64}).head, (3900 + 14 + 260 + 28) * kNanosecond);
}

/// Error of the aggregated mode in percent of the command-level mode's rate, as docs/memory.md
/// publishes it. Where activates and turns of the bus both nearly bind, as for random mixed blocks
/// in HBM2e, the aggregated mode overlaps them better than a controller does.
struct PublishedError {
  Order order;
  std::int64_t block;
  double write_share;
  double percent[3];  ///< of each of standards()
};

constexpr PublishedError kPublishedErrors[] = {
    {Order::sequential, 64, 0, {1.1, 0.5, 0.7}},
    {Order::sequential, 256, 0, {0.3, 0.3, 0.2}},
    {Order::sequential, 1024, 0, {1.0, 0.3, 0.2}},
    {Order::sequential, 4096, 0, {1.0, 0.3, 0.2}},
    {Order::random, 64, 0, {0.4, -1.8, 0.6}},
    {Order::random, 256, 0, {1.4, 8.0, 1.0}},
    {Order::random, 1024, 0, {1.4, 7.4, 1.1}},
    {Order::random, 4096, 0, {1.7, 4.2, 1.3}},
    {Order::stride, 64, 0, {0.3, -1.5, -1.8}},
    {Order::stride, 256, 0, {0.7, 15.5, 0.9}},
    {Order::stride, 1024, 0, {1.6, 0.8, 4.0}},
    {Order::stride, 4096, 0, {1.5, 0.5, 0.8}},
    {Order::sequential, 64, 0.3, {-1.4, -1.2, -2.8}},
    {Order::sequential, 256, 0.3, {-1.4, -1.2, -1.8}},
    {Order::sequential, 1024, 0.3, {-0.9, -1.1, -1.5}},
    {Order::sequential, 4096, 0.3, {-0.7, -0.9, -1.1}},
    {Order::random, 64, 0.3, {2.4, 2.1, 2.1}},
    {Order::random, 256, 0.3, {7.9, 21.0, 2.6}},
    {Order::random, 1024, 0.3, {5.3, 21.1, 2.6}},
    {Order::random, 4096, 0.3, {1.9, 18.0, 3.6}},
    {Order::stride, 64, 0.3, {4.3, 11.5, 4.0}},
    {Order::stride, 256, 0.3, {2.8, 29.3, 5.4}},
    {Order::stride, 1024, 0.3, {0.3, 12.5, 24.7}},
    {Order::stride, 4096, 0.3, {-0.6, -0.7, -1.2}},
};

/// The same for reads of 256 B at strides that lead a channel to one bank again and again, with
/// queues of some depth. A controller sees no further than its queue; the aggregated mode lets
/// later runs pass those that wait for a bank, however many these are.
struct PublishedQueueError {
  std::int64_t stride;
  std::int64_t queue_depth;
  double percent[3];  ///< of each of standards()
};

constexpr PublishedQueueError kPublishedQueueErrors[] = {
    {8448, 8, {72.4, 50.8, 0.9}},     {8448, 32, {0.7, 15.5, 0.9}},
    {8448, 128, {0.8, -0.2, 0.9}},    {16640, 8, {75.8, 62.5, 52.3}},
    {16640, 32, {20.3, 75.7, 30.4}},  {16640, 128, {-0.5, -1.2, -3.7}},
    {33024, 8, {100.9, 61.5, 52.4}},  {33024, 32, {94.8, 75.4, 30.5}},
    {33024, 128, {-4.3, -1.2, -3.6}},
};

const char* order_name(Order order) {
  constexpr const char* names[] = {"sequential", "random", "stride"};
  return names[static_cast<int>(order)];
}

class HbmError : public ::testing::TestWithParam<PublishedError> {};

TEST_P(HbmError, IsThePublishedOne) {
  const PublishedError& row = GetParam();
  for (std::size_t i = 0; i < standards().size(); ++i) {
    const Hbm::Params params = standard(standards()[i]);
    const AccessPattern pattern =
        pattern_of(hbm(params), row.order, row.block, 8192 + 256, row.write_share);
    const double command = share_of_peak(params, Mode::command, pattern);
    const double percent = (share_of_peak(params, Mode::aggregated, pattern) / command - 1) * 100;
    fmt::print("{} {} {} B, {} written: {:.4f} of peak by commands, {:+.1f} %\n", standards()[i],
               order_name(row.order), row.block, row.write_share, command, percent);
    EXPECT_NEAR(percent, row.percent[i], 1.5) << standards()[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, HbmError, ::testing::ValuesIn(kPublishedErrors),
                         [](const auto& test) {
                           return fmt::format("{}_{}_B_{}", order_name(test.param.order),
                                              test.param.block,
                                              test.param.write_share > 0 ? "mixed" : "reads");
                         });

class HbmQueueError : public ::testing::TestWithParam<PublishedQueueError> {};

TEST_P(HbmQueueError, IsThePublishedOne) {
  const PublishedQueueError& row = GetParam();
  for (std::size_t i = 0; i < standards().size(); ++i) {
    Hbm::Params params = standard(standards()[i]);
    params.queue_depth = row.queue_depth;
    params.write_high = std::min(params.write_high, row.queue_depth);
    params.write_low = params.write_high / 2;
    const AccessPattern pattern = pattern_of(hbm(params), Order::stride, 256, row.stride);
    const double command = share_of_peak(params, Mode::command, pattern);
    const double percent = (share_of_peak(params, Mode::aggregated, pattern) / command - 1) * 100;
    fmt::print("{} stride {} B, queues of {}: {:.4f} of peak by commands, {:+.1f} %\n",
               standards()[i], row.stride, row.queue_depth, command, percent);
    EXPECT_NEAR(percent, row.percent[i], 1.5) << standards()[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, HbmQueueError, ::testing::ValuesIn(kPublishedQueueErrors),
                         [](const auto& test) {
                           return fmt::format("stride_{}_queue_{}", test.param.stride,
                                              test.param.queue_depth);
                         });

/// Every channel by itself, whatever the transfer: what moving in step is measured against.
class ChannelByChannel : public StorageCore {
 public:
  explicit ChannelByChannel(const Hbm& memory)
      : timing_(memory),
        interleave_(memory.channels(), memory.interleave().value()),
        channels_(static_cast<std::size_t>(memory.channels()), HbmChannel(timing_)),
        queue_depth_(static_cast<std::size_t>(memory.queue_depth())) {}

  StorageSpan serve(Picoseconds now, const StorageRequest& request) override {
    StorageSpan span{kNever, now};
    interleave_.for_each(
        request.address, request.bytes,
        [&](std::int64_t channel, std::int64_t bytes, std::int64_t first) {
          const auto bursts = static_cast<double>(((first + bytes - 1) >> timing_.burst_shift) -
                                                  (first >> timing_.burst_shift) + 1);
          const StorageSpan own = channels_[channel].serve(
              timing_, now,
              {request.is_write, first, bytes, std::llround(bursts * timing_.bus_period),
               std::llround(bursts * timing_.own_period)});
          span.head = std::min(span.head, own.head);
          span.tail = std::max(span.tail, own.tail);
        });
    return span;
  }
  std::size_t queue_depth() const override { return queue_depth_; }

 private:
  HbmTiming timing_;
  Interleave interleave_;
  std::vector<HbmChannel> channels_;
  std::size_t queue_depth_;
};

// Channels in step stand for channels one by one: the same at a single channel, and near it where
// ends and small transfers put some of them out of step.
TEST(HbmInStep, AsChannelByChannel) {
  for (const std::string& name : standards()) {
    for (const std::int64_t stacks : {1, 4}) {
      for (const std::int64_t largest : {2 << 10, 16 << 10, 256 << 10}) {
        for (const int in_flight : {1, 4, 32}) {
          Hbm::Params params = standard(name);
          params.stacks = stacks;
          const Hbm memory = hbm(params);
          HbmCore core(memory);
          ChannelByChannel reference(memory);
          const std::uint64_t seed = static_cast<std::uint64_t>(stacks * largest) + in_flight;
          const LoadTimes in_step = mixed_load(core, seed, largest, in_flight);
          const LoadTimes one_by_one = mixed_load(reference, seed, largest, in_flight);
          const double end_error =
              static_cast<double>(in_step.end) / static_cast<double>(one_by_one.end) - 1;
          const double latency_error = in_step.mean_latency / one_by_one.mean_latency - 1;
          fmt::print("{} x {}, up to {} B, {} at a time: end {:+.2f} %, latency {:+.2f} %\n", name,
                     stacks, largest, in_flight, end_error * 100, latency_error * 100);
          EXPECT_LT(std::abs(end_error), 0.04);
          EXPECT_LT(std::abs(latency_error), 0.04);
        }
      }
    }
  }
}

TEST(HbmInStep, OneChannelIsExact) {
  Hbm::Params params = standard("hbm2e");
  params.channels = 1;
  params.pseudo_channels = 1;
  const Hbm memory = hbm(params);
  HbmCore core(memory);
  ChannelByChannel reference(memory);
  const LoadTimes in_step = mixed_load(core, 5, 64 << 10, 8);
  const LoadTimes one_by_one = mixed_load(reference, 5, 64 << 10, 8);
  EXPECT_EQ(in_step.end, one_by_one.end);
  EXPECT_EQ(in_step.mean_latency, one_by_one.mean_latency);
}

}  // namespace
}  // namespace simdse
