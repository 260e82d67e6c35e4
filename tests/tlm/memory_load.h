// A load on a memory's behaviour alone, without a kernel.
#pragma once

#include <algorithm>
#include <functional>
#include <queue>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "models/base/timed.h"
#include "models/core/storage_core.h"
#include "models/memory/access_sequence.h"
#include "models/memory/memory.h"

namespace simdse {

/// Calls blocks at their times, in the order of time, stage and request.
class PlainTime : public TimeService {
 public:
  void call_at(Picoseconds time, Stage stage, Timed& target, std::uint64_t token) override {
    if (time < now_) throw std::logic_error("a call in the past");
    calls_.push({time, stage, age_++, &target, token});
  }
  void join(Timed&, const std::string&) override {}

  void run() {
    while (!calls_.empty()) {
      const auto [time, stage, age, target, token] = calls_.top();
      calls_.pop();
      now_ = time;
      target->on_time(token);
    }
  }

 private:
  Picoseconds time_between() const override { return now_; }

  using Call = std::tuple<Picoseconds, Stage, std::uint64_t, Timed*, std::uint64_t>;
  std::priority_queue<Call, std::vector<Call>, std::greater<>> calls_;
  Picoseconds now_ = 0;
  std::uint64_t age_ = 0;
};

/// Keeps `pattern.outstanding` blocks under way at a storage until `blocks` are complete.
class MemoryLoadRun : public StorageClient, public Timed {
 public:
  MemoryLoadRun(StorageCore& core, const AccessPattern& pattern, Bytes capacity,
                std::int64_t blocks, std::uint64_t seed = 1)
      : core_(core), pattern_(pattern), sequence_(pattern, capacity, seed), blocks_(blocks) {
    if (core.deferred() != nullptr) core.deferred()->attach(time_, "memory", *this);
  }

  /// Bytes per picosecond.
  double run() {
    for (std::int64_t i = 0; i < std::min(pattern_.outstanding, blocks_); ++i) {
      time_.call_at(0, Stage::arrival, *this, kIssue);
    }
    time_.run();
    if (completed_ != blocks_) throw std::runtime_error("blocks were left unanswered");
    return static_cast<double>(blocks_ * pattern_.block.value()) / static_cast<double>(end_);
  }

  Picoseconds end() const { return end_; }
  std::int64_t written() const { return written_; }

  void on_time(std::uint64_t token) override {
    if (token == kDone) {
      ++completed_;
      end_ = std::max(end_, time_.now());
    }
    if (issued_ == blocks_) return;
    ++issued_;
    const AccessSequence::Access access = sequence_.next();
    if (access.is_write) ++written_;
    const StorageRequest request{access.is_write, access.address, pattern_.block.value(), 0};
    if (core_.deferred() != nullptr) {
      core_.deferred()->submit(time_.now(), request, 0);
    } else {
      served(0, core_.serve(time_.now(), request));
    }
  }

  void served(std::uint64_t, const StorageSpan& span) override {
    time_.call_at(std::max(span.tail, time_.now()), Stage::completion, *this, kDone);
  }

 private:
  static constexpr std::uint64_t kIssue = 0;
  static constexpr std::uint64_t kDone = 1;

  PlainTime time_;
  StorageCore& core_;
  AccessPattern pattern_;
  AccessSequence sequence_;
  std::int64_t blocks_;
  std::int64_t issued_ = 0;
  std::int64_t completed_ = 0;
  std::int64_t written_ = 0;
  Picoseconds end_ = 0;
};

}  // namespace simdse
