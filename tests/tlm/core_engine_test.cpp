// The core's pipeline, without a SystemC kernel: a queue of call-backs is all it needs.
#include "models/core/core_engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <vector>

namespace simdse {
namespace {

/// The simplest time service there can be.
class PlainTime : public TimeService {
 public:
  void call_at(Picoseconds time, Stage stage, Timed& target, std::uint64_t token) override {
    calls_.emplace(std::make_pair(time, stage), std::make_pair(&target, token));
  }
  void join(Timed&, const std::string&) override {}
  void run() {
    while (!calls_.empty()) {
      const auto first = calls_.begin();
      now_ = first->first.first;
      const auto [target, token] = first->second;
      calls_.erase(first);
      target->on_time(token);
    }
  }

 private:
  Picoseconds time_between() const override { return now_; }

  Picoseconds now_ = 0;
  std::multimap<std::pair<Picoseconds, Stage>, std::pair<Timed*, std::uint64_t>> calls_;
};

/// Every load takes the same time, one after another; stores likewise on a path of their own.
class PlainIo : public CoreIo, public Timed {
 public:
  PlainIo(PlainTime& time, Picoseconds load_time, Picoseconds store_time)
      : time_(time), load_time_(load_time), store_time_(store_time) {}
  void load(const WorkTransfers&, std::uint64_t tag) override {
    load_free_ = std::max(load_free_, time_.now()) + load_time_;
    time_.call_at(load_free_, Stage::arrival, *this, tag);
  }
  void store(const WorkTransfers&, std::uint64_t tag) override {
    store_free_ = std::max(store_free_, time_.now()) + store_time_;
    time_.call_at(store_free_, Stage::arrival, *this, tag);
  }
  void on_time(std::uint64_t token) override { engine->transfer_done(token, Cause::memory); }

  CoreEngine* engine = nullptr;

 private:
  PlainTime& time_;
  Picoseconds load_time_;
  Picoseconds store_time_;
  Picoseconds load_free_ = 0;
  Picoseconds store_free_ = 0;
};

/// `count` equal items, each with a result.
class PlainSource : public WorkSource {
 public:
  PlainSource(PlainTime& time, int count, Cycles body, bool stores)
      : time_(time), left_(count), body_(body), stores_(stores) {}
  bool next(WorkItem& item) override {
    if (left_ == 0) return false;
    --left_;
    item = WorkItem{};
    item.timing = {Cycles(0), body_, body_, Cycles(0)};
    item.loads = {{0, 64}};
    if (stores_) item.stores = {{0, 64}};
    return true;
  }
  bool exhausted() const override { return left_ == 0; }
  Cause waiting_for() const override { return Cause::dispatch; }
  void operands_free() override { ++freed; }
  bool forwards_output() const override { return false; }
  void forward(const WorkItem&) override {}
  void finished() override { finish = time_.now(); }

  int freed = 0;
  Picoseconds finish = -1;

 private:
  PlainTime& time_;
  int left_;
  Cycles body_;
  bool stores_;
};

/// Time of 10 items on a 1 GHz core, in nanoseconds.
double run_items(double load_ns, double work_ns, double store_ns, TimeAccount& account,
                 Buffering buffering = Buffering::twofold) {
  PlainTime time;
  PlainIo io(time, static_cast<Picoseconds>(load_ns * 1000),
             static_cast<Picoseconds>(store_ns * 1000));
  CoreEngine engine(time, Clock(Hertz(1e9)), io, account, TimeAccount::Worker::tensor, buffering);
  io.engine = &engine;
  PlainSource source(time, 10, Cycles(static_cast<std::int64_t>(work_ns)), store_ns > 0);
  engine.start(source);
  time.run();
  EXPECT_TRUE(engine.is_idle());
  EXPECT_EQ(source.freed, 10);
  return static_cast<double>(source.finish) / 1000;
}

/// Loads and stores of random lengths, whose ends are known when they begin. Told ahead or not.
class RandomIo : public CoreIo, public Timed {
 public:
  RandomIo(PlainTime& time, std::uint64_t seed, bool announces)
      : time_(time), random_(seed), announces_(announces) {}
  void load(const WorkTransfers&, std::uint64_t tag) override {
    free_[0] = std::max(free_[0], time_.now()) + static_cast<Picoseconds>(random_() % 150'000);
    // Told in a call of its own, as a storage tells a core of its data's way.
    pending_.emplace(tag, free_[0]);
    time_.call_at(time_.now(), Stage::storage, *this, kAnnounce | tag);
  }
  void store(const WorkTransfers&, std::uint64_t tag) override {
    free_[1] = std::max(free_[1], time_.now()) + static_cast<Picoseconds>(random_() % 90'000);
    time_.call_at(free_[1], Stage::arrival, *this, tag);
  }
  void on_time(std::uint64_t token) override {
    if ((token & kAnnounce) == 0) {
      engine->transfer_done(token, Cause::memory);
      return;
    }
    const std::uint64_t tag = token & ~kAnnounce;
    const Picoseconds at = pending_.at(tag);
    if (announces_ && engine->load_announced(tag, at, Cause::memory)) {
      ++decided;
    } else {
      time_.call_at(at, Stage::arrival, *this, tag);
    }
  }

  CoreEngine* engine = nullptr;
  int decided = 0;  ///< loads that needed no call at their end

 private:
  static constexpr std::uint64_t kAnnounce = std::uint64_t{1} << 40;

  PlainTime& time_;
  std::mt19937_64 random_;
  bool announces_;
  std::array<Picoseconds, 2> free_{};
  std::map<std::uint64_t, Picoseconds> pending_;
};

/// Items of random timing, of which some add to the block of the one before.
class RandomSource : public WorkSource {
 public:
  RandomSource(PlainTime& time, std::uint64_t seed) : time_(time), random_(seed) {}
  bool next(WorkItem& item) override {
    if (left_ == 0) return false;
    --left_;
    const auto cycles = [this](std::uint64_t most) {
      return Cycles(static_cast<std::int64_t>(random_() % most));
    };
    item = WorkItem{};
    const Cycles body = cycles(120) + Cycles(1);
    item.timing = {cycles(40), std::min(cycles(120), body), body, cycles(60)};
    item.loads = {{0, 64}};
    item.starts_output = starts_;
    item.has_output = left_ == 0 || random_() % 3 != 0;
    starts_ = item.has_output;
    item.output_places = 1 + random_() % 2;
    if (item.has_output && random_() % 4 != 0) item.stores = {{0, 64}};
    return true;
  }
  bool exhausted() const override { return left_ == 0; }
  Cause waiting_for() const override { return Cause::dispatch; }
  void operands_free() override { freed.push_back(time_.now()); }
  bool forwards_output() const override { return false; }
  void forward(const WorkItem&) override {}
  void finished() override { freed.push_back(time_.now()); }

  std::vector<Picoseconds> freed;  ///< when each item's operands were, and when all was done

 private:
  PlainTime& time_;
  std::mt19937_64 random_;
  int left_ = 200;
  bool starts_ = true;
};

// A load that is told of ahead changes nothing but the number of calls.
TEST(CoreEngine, AnnouncedLoadsChangeNoTime) {
  int decided = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Buffering buffering = seed % 4 == 0 ? Buffering::single : Buffering::twofold;
    const auto run = [&](bool announces) {
      PlainTime time;
      TimeAccount account;
      RandomIo io(time, seed, announces);
      CoreEngine engine(time, Clock(Hertz(940e6)), io, account, TimeAccount::Worker::tensor,
                        buffering);
      io.engine = &engine;
      RandomSource source(time, seed + 1000);
      engine.start(source);
      time.run();
      EXPECT_TRUE(engine.is_idle());
      decided += io.decided;
      std::vector<Picoseconds> figures = source.freed;
      figures.push_back(account.matrix());
      figures.push_back(account.waited(Cause::memory));
      figures.push_back(engine.busy_time());
      return figures;
    };
    EXPECT_EQ(run(true), run(false)) << seed;
  }
  EXPECT_GT(decided, 1000);
}

TEST(CoreEngine, WorkHidesLoads) {
  TimeAccount account;
  EXPECT_DOUBLE_EQ(run_items(30, 100, 0, account), 30 + 10 * 100);
  EXPECT_EQ(account.matrix(), 1'000'000);
  EXPECT_EQ(account.waited(Cause::memory), 30'000);
}

TEST(CoreEngine, LoadsHideWork) {
  TimeAccount account;
  // Two places: the load of item i + 2 starts when item i ends, so a load and its work alternate.
  EXPECT_DOUBLE_EQ(run_items(100, 30, 0, account), 10 * 100 + 30);
  EXPECT_EQ(account.matrix(), 300'000);
}

TEST(CoreEngine, SlowStoresHoldTheCoreUp) {
  TimeAccount account;
  // Two results may be held: from then on the stores set the pace.
  EXPECT_DOUBLE_EQ(run_items(10, 20, 100, account), 10 + 20 + 10 * 100);
}

TEST(CoreEngine, SingleBufferingAddsUpLoadWorkAndStore) {
  TimeAccount account;
  EXPECT_DOUBLE_EQ(run_items(30, 100, 50, account, Buffering::single), 10 * (30 + 100 + 50));
  EXPECT_EQ(account.matrix(), 1'000'000);
  EXPECT_EQ(account.waited(Cause::memory), 800'000);
  TimeAccount without_stores;
  EXPECT_DOUBLE_EQ(run_items(100, 30, 0, without_stores, Buffering::single), 10 * (100 + 30));
}

TEST(CoreEngine, TimeAccountBooksEveryInstantOnce) {
  TimeAccount account;
  run_items(50, 70, 90, account);
  Picoseconds sum = account.matrix() + account.vector();
  for (std::size_t i = 0; i < kCauseCount; ++i) sum += account.waited(static_cast<Cause>(i));
  EXPECT_EQ(sum, account.total());
}

}  // namespace
}  // namespace simdse
