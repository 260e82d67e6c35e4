#include "sim/system/rank_module.h"

#include <algorithm>

namespace simdse {
namespace {

// Tokens of on_time: these, or kEnd plus the number of a compute node.
constexpr std::uint64_t kStart = 0;
constexpr std::uint64_t kDecide = 1;
constexpr std::uint64_t kEnd = 2;

std::size_t index(std::int32_t i) { return static_cast<std::size_t>(i); }

bool is_compute(const RankNode& node) {
  return node.action == RankAction::compute || node.action == RankAction::memory;
}

}  // namespace

RankModule::RankModule(const sc_core::sc_module_name& name, TimeService& time,
                       const RankProgram& program, std::int32_t number,
                       std::vector<Picoseconds> durations, RankExchange& exchange)
    : sc_module(name),
      time_(time),
      program_(program),
      number_(number),
      durations_(std::move(durations)),
      exchange_(exchange),
      followers_(program.nodes.size()),
      last_awaited_(program.nodes.size(), -1),
      is_done_(program.nodes.size(), false),
      began_(program.nodes.size(), 0),
      arrived_(program.nodes.size(), 0),
      left_(program.nodes.size()) {
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    const std::vector<std::int32_t>& after = program.nodes[i].after;
    waits_.push_back(static_cast<std::int32_t>(after.size()));
    for (const std::int32_t before : after) {
      followers_[index(before)].push_back(static_cast<std::int32_t>(i));
    }
  }
  record_.finish.assign(program.nodes.size(), 0);
  time_.join(*this, this->name());
}

void RankModule::start() { time_.call_at(time_.now(), Stage::arrival, *this, kStart); }

void RankModule::on_time(std::uint64_t token) {
  if (token == kStart) {
    for (std::size_t i = 0; i < waits_.size(); ++i) {
      if (program_.nodes[i].after.empty()) make_ready(static_cast<std::int32_t>(i));
    }
  } else if (token == kDecide) {
    is_deciding_ = false;
    decide();
  } else {
    const auto node = static_cast<std::int32_t>(token - kEnd);
    record_.compute += durations_[index(node)];
    idle_since_ = time_.now();
    is_busy_ = false;
    done(node);
  }
}

void RankModule::make_ready(std::int32_t node) {
  if (!is_compute(program_.nodes[index(node)])) return exchange_.begin({number_, node});
  ready_.insert(node);
  if (is_busy_ || is_deciding_) return;
  is_deciding_ = true;
  time_.call_at(time_.now(), Stage::request_network, *this, kDecide);
}

void RankModule::decide() {
  if (is_busy_ || ready_.empty()) return;
  const std::int32_t node = *ready_.begin();
  ready_.erase(ready_.begin());
  book_idle(time_.now(), last_awaited_[index(node)]);
  is_busy_ = true;
  // The work of several ranks may sum up to more than can be counted: the queue notices.
  const auto end = static_cast<Picoseconds>(static_cast<std::uint64_t>(time_.now()) +
                                            static_cast<std::uint64_t>(durations_[index(node)]));
  time_.call_at(end, Stage::arrival, *this, kEnd + static_cast<std::uint64_t>(node));
}

void RankModule::end(std::int32_t node, Picoseconds began, Picoseconds arrived) {
  began_[index(node)] = began;
  arrived_[index(node)] = arrived;
  last_exchange_ = node;
  done(node);
}

void RankModule::done(std::int32_t node) {
  record_.finish[index(node)] = last_finish_ = time_.now();
  is_done_[index(node)] = true;
  --left_;
  for (const std::int32_t follower : followers_[index(node)]) {
    last_awaited_[index(follower)] = node;
    if (--waits_[index(follower)] == 0) make_ready(follower);
  }
  if (!is_busy_ && !is_deciding_ && !ready_.empty()) {
    is_deciding_ = true;
    time_.call_at(time_.now(), Stage::request_network, *this, kDecide);
  }
}

void RankModule::book_idle(Picoseconds until, std::int32_t node) {
  const Picoseconds idle = until - idle_since_;
  Picoseconds under_way = 0;
  if (node >= 0 && !is_compute(program_.nodes[index(node)])) {
    const Picoseconds began = std::max(began_[index(node)], idle_since_);
    under_way = std::max<Picoseconds>(0, arrived_[index(node)] - began);
  }
  record_.exchange += under_way;
  record_.bubble += idle - under_way;
}

std::int32_t RankModule::unfinished() const {
  for (std::size_t i = 0; i < waits_.size(); ++i) {
    if (waits_[i] == 0 && !is_done_[i]) return static_cast<std::int32_t>(i);
  }
  return 0;
}

RankRecord RankModule::close(Picoseconds total) {
  const bool is_last = last_exchange_ >= 0 && record_.finish[index(last_exchange_)] > idle_since_;
  book_idle(total, is_last ? last_exchange_ : -1);
  return std::move(record_);
}

}  // namespace simdse
