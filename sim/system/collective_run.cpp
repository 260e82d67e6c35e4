#include "sim/system/collective_run.h"

#include <algorithm>

namespace simdse {

CollectiveRun::CollectiveRun(SystemNetwork& network, TimeService& time,
                             const CollectiveSteps& steps, const std::vector<std::int32_t>& group,
                             Done done)
    : network_(network),
      time_(time),
      steps_(steps),
      done_(std::move(done)),
      waits_(steps.size(), 1),
      first_waiter_(steps.size() + 1, 0),
      chips_left_(group.size()) {
  for (const std::int32_t chip : group) members_[chip];
  for (std::size_t i = 0; i < steps.size(); ++i) {
    member(steps.message(i).from).left += 1;
    member(steps.message(i).to).left += 1;
    member(steps.message(i).from).first.push_back(static_cast<std::uint32_t>(i));
    for (const Prerequisite* wait = steps.begin(i); wait != steps.end(i); ++wait) {
      ++waits_[i];
      ++first_waiter_[wait->message + 1];
    }
  }
  for (std::size_t i = 0; i < steps.size(); ++i) first_waiter_[i + 1] += first_waiter_[i];
  waiters_.resize(first_waiter_.back());
  std::vector<std::size_t> at(first_waiter_.begin(), first_waiter_.end() - 1);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    for (const Prerequisite* wait = steps.begin(i); wait != steps.end(i); ++wait) {
      waiters_[at[wait->message]++] = {static_cast<std::uint32_t>(i), wait->kind};
    }
  }
}

void CollectiveRun::arrive(std::int32_t chip) {
  const std::vector<std::uint32_t> own = std::move(member(chip).first);
  member(chip).first.clear();
  for (const std::uint32_t message : own) satisfy(message);
  count_down(chip);
}

void CollectiveRun::arrive_all() {
  // In the order of their messages, so that nothing depends on the order of a hash table.
  std::vector<std::int32_t> chips;
  for (const auto& [chip, member] : members_) chips.push_back(chip);
  std::sort(chips.begin(), chips.end());
  for (const std::int32_t chip : chips) arrive(chip);
}

void CollectiveRun::satisfy(std::uint32_t message) {
  if (--waits_[message] == 0) start(message);
}

void CollectiveRun::start(std::uint32_t i) {
  const CollectiveMessage& message = steps_.message(i);
  network_.send(message.from, message.to, Bytes(message.bytes), *this, i, message.way);
  release(i, Prerequisite::Kind::begun);
}

void CollectiveRun::release(std::uint32_t message, Prerequisite::Kind kind) {
  for (std::size_t i = first_waiter_[message]; i < first_waiter_[message + 1]; ++i) {
    if (waiters_[i].kind == kind) satisfy(waiters_[i].message);
  }
}

void CollectiveRun::message_sent(std::uint64_t token) {
  const auto i = static_cast<std::uint32_t>(token);
  release(i, Prerequisite::Kind::sent);
  count_down(steps_.message(i).from);
}

void CollectiveRun::message_delivered(std::uint64_t token) {
  const auto i = static_cast<std::uint32_t>(token);
  ++delivered_;
  release(i, Prerequisite::Kind::delivered);
  count_down(steps_.message(i).to);
}

void CollectiveRun::count_down(std::int32_t chip) {
  if (--member(chip).left > 0) return;
  finished_ = time_.now();
  --chips_left_;
  if (done_) done_(chip);
}

}  // namespace simdse
