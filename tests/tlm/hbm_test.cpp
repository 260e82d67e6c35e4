// The memory against an independent cycle-level DRAM simulator, and its timing rules one by one.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
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

/// The rules of HbmCore step by step: bytes dealt out granule by granule, every activate and every
/// refresh one after the other.
class StepwiseHbm {
 public:
  explicit StepwiseHbm(const Hbm& hbm) : p_(hbm.params()), channels_(hbm.channels()) {
    const auto count = static_cast<Picoseconds>(channels_.size());
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      channels_[i].banks.resize(p_.banks);
      channels_[i].next_refresh = ps(p_.t_refi) / count * static_cast<Picoseconds>(i + 1);
    }
    burst_bytes_ = p_.burst_length * p_.channel_bits / 8;
    burst_time_ = static_cast<double>(burst_bytes_) / hbm.channel_bandwidth().value() * 1e12;
    const auto row_time = static_cast<Picoseconds>(static_cast<double>(p_.row_size.value()) /
                                                   static_cast<double>(burst_bytes_) * burst_time_);
    const Picoseconds bank_period = std::max(ps(p_.t_rc), row_time + ps(p_.t_rp) + ps(p_.t_rcd));
    row_period_ = std::max(
        {row_time, ps(p_.t_rrd), ceil_div(ps(p_.t_faw), 4), ceil_div(bank_period, p_.banks)});
    row_change_ = row_period_ - row_time;
  }

  StorageSpan serve(Picoseconds now, const StorageRequest& request) {
    struct Run {
      std::int64_t bytes = 0;
      std::int64_t first = 0;
    };
    std::map<std::int64_t, Run> runs;
    const std::int64_t granule = p_.interleave.value();
    const auto count = static_cast<std::int64_t>(channels_.size());
    for (std::int64_t at = request.address; at < request.address + request.bytes;) {
      const std::int64_t end =
          std::min((at / granule + 1) * granule, request.address + request.bytes);
      const std::int64_t index = at / granule;
      const auto [run, is_new] = runs.try_emplace(index % count);
      if (is_new) run->second.first = index / count * granule + at % granule;
      run->second.bytes += end - at;
      at = end;
    }
    StorageSpan span{kNever, now};
    for (const auto& [channel, run] : runs) {
      const StorageSpan one =
          serve_run(channels_[channel], now, request.is_write, run.bytes, run.first);
      span.head = std::min(span.head, one.head);
      span.tail = std::max(span.tail, one.tail);
    }
    return span;
  }

 private:
  static constexpr Picoseconds kLongAgo = -kNever / 4;
  struct Bank {
    std::int64_t open_row = -1;
    Picoseconds column_at = kLongAgo;
    Picoseconds ready_at = kLongAgo;
  };
  struct Channel {
    Picoseconds free_at = 0;
    Picoseconds next_refresh = 0;
    Picoseconds refreshed_at = 0;
    int direction = -1;  // of the last run; -1: none yet
    std::vector<Picoseconds> activates = std::vector<Picoseconds>(4, kLongAgo);  // all there were
    std::vector<Bank> banks;
  };

  static Picoseconds ps(Seconds time) {
    return static_cast<Picoseconds>(std::llround(time.value() * 1e12));
  }

  void refresh(Channel& channel, Picoseconds time) const {
    while (channel.next_refresh <= time) {
      channel.refreshed_at = channel.next_refresh + ps(p_.t_rp) + ps(p_.t_rfc);
      channel.next_refresh += ps(p_.t_refi);
      for (Bank& bank : channel.banks) bank.open_row = -1;
    }
  }

  StorageSpan serve_run(Channel& channel, Picoseconds now, bool is_write, std::int64_t bytes,
                        std::int64_t first) const {
    const std::int64_t row = first / p_.row_size.value();
    const std::int64_t last_row = (first + bytes - 1) / p_.row_size.value();
    const Picoseconds arrival = now + ps(p_.t_controller);
    refresh(channel, std::max(arrival, channel.free_at - ps(p_.t_cl)));
    const Picoseconds command = std::max(arrival, channel.refreshed_at);
    Bank& bank = channel.banks[row % p_.banks];
    Picoseconds column = command;
    Picoseconds wait = 0;
    if (bank.open_row == row) {
      wait = std::max<Picoseconds>(0, bank.column_at - command);
    } else {
      std::vector<Picoseconds>& all = channel.activates;
      const Picoseconds slot =
          std::max({command, all.back() + ps(p_.t_rrd), all[all.size() - 4] + ps(p_.t_faw)});
      all.push_back(slot);
      const Picoseconds closed = bank.open_row >= 0 ? command + ps(p_.t_rp) : command;
      const Picoseconds activated = std::max({slot, closed, bank.ready_at});
      column = slot + ps(p_.t_rcd);
      wait = activated - slot;
      bank = {row, bank.column_at, activated + ps(p_.t_rc)};
    }
    Picoseconds bus = channel.free_at;
    if (channel.direction >= 0 && channel.direction != static_cast<int>(is_write)) {
      const std::int64_t batch = p_.turnaround_batch.value();
      bus += ps(p_.t_turnaround) * std::min(bytes, batch) / batch;
    }
    channel.direction = static_cast<int>(is_write);
    const Picoseconds on_bus = std::max(bus, column + ps(p_.t_cl));
    const Picoseconds start = std::max(on_bus, column + wait + ps(p_.t_cl));
    Picoseconds left =
        std::llround(static_cast<double>(ceil_div(bytes, burst_bytes_)) * burst_time_) +
        (last_row - row) * row_change_;
    Picoseconds finish = start;
    while (finish + left - ps(p_.t_cl) > channel.next_refresh) {
      left -= std::max<Picoseconds>(0, channel.next_refresh + ps(p_.t_cl) - finish);
      refresh(channel, std::max(finish - ps(p_.t_cl), channel.next_refresh));
      finish = std::max(finish, channel.refreshed_at + ps(p_.t_rcd) + ps(p_.t_cl));
    }
    finish += left;
    const Picoseconds last_command = finish - ps(p_.t_cl);
    bank.column_at = last_command - (last_row - row) * row_period_;
    bank.ready_at = std::max(bank.ready_at, bank.column_at + ps(p_.t_rp));
    for (std::int64_t r = row + 1; r <= last_row; ++r) {
      const Picoseconds at = last_command - (last_row - r) * row_period_;
      const Picoseconds reopened =
          std::max(at + ps(p_.t_rp), at - row_period_ - ps(p_.t_rcd) + ps(p_.t_rc));
      channel.activates.push_back(at - row_period_ - ps(p_.t_rcd));
      channel.banks[r % p_.banks] = {r, at, reopened};
    }
    channel.free_at = finish - (start - on_bus);
    return {start, finish};
  }

  const Hbm::Params p_;
  std::vector<Channel> channels_;
  std::int64_t burst_bytes_ = 0;
  double burst_time_ = 0;
  Picoseconds row_period_ = 0;
  Picoseconds row_change_ = 0;
};

// What the core leaves out or works out at once changes no picosecond.
TEST(Hbm, ServesAsStepByStep) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 40; ++round) {
    const auto one_of = [&](std::initializer_list<std::int64_t> values) {
      return values.begin()[random() % values.size()];
    };
    Hbm::Params params = one_stack();
    params.stacks = one_of({1, 2, 3});
    params.banks = one_of({1, 4, 16});
    params.interleave = Bytes(one_of({64, 256, 2048}));
    params.pin_rate =
        BytesPerSecond(static_cast<double>(one_of({170898437, 250'000'000, 2'000'000'000})));
    params.t_faw = Seconds(static_cast<double>(one_of({16, 30, 300})) * 1e-9);
    params.t_rrd = Seconds(static_cast<double>(one_of({0, 4, 20})) * 1e-9);
    const Hbm memory = hbm(params);
    HbmCore core(memory);
    StepwiseHbm expected(memory);
    Picoseconds now = 0;
    for (int i = 0; i < 500; ++i) {
      const std::int64_t bytes = std::int64_t{1} << random() % 19;
      const StorageRequest request{random() % 3 == 0,
                                   static_cast<std::int64_t>(random() % (1 << 24)),
                                   bytes + static_cast<std::int64_t>(random() % bytes)};
      const StorageSpan span = core.serve(now, request);
      const StorageSpan step_by_step = expected.serve(now, request);
      ASSERT_EQ(span.head, step_by_step.head) << round << ", transfer " << i;
      ASSERT_EQ(span.tail, step_by_step.tail) << round << ", transfer " << i;
      now += static_cast<Picoseconds>(random() % (random() % 8 == 0 ? 5'000'000 : 300'000));
    }
  }
}

}  // namespace
}  // namespace simdse
