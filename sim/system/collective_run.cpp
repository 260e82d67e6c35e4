#include "sim/system/collective_run.h"

namespace simdse {

CollectiveRun::CollectiveRun(SystemNetwork& network, TimeService& time,
                             const CollectiveOrder& order, Done done)
    : network_(network),
      time_(time),
      order_(order),
      done_(std::move(done)),
      waits_(order.waits),
      members_left_(order.members.size()) {
  for (const CollectiveOrder::Member& member : order.members) left_.push_back(member.ends + 1);
}

void CollectiveRun::start() {
  for (std::size_t member = 0; member < order_.members.size(); ++member) {
    for (const std::uint32_t message : order_.members[member].sends) satisfy(message);
    count_down(member);
  }
}

void CollectiveRun::satisfy(std::uint32_t i) {
  if (--waits_[i] > 0) return;
  const CollectiveMessage& message = order_.steps.message(i);
  network_.send(message.from, message.to, Bytes(message.bytes), *this, i, message.way);
  release(i, Prerequisite::Kind::begun);
}

void CollectiveRun::release(std::uint32_t message, Prerequisite::Kind kind) {
  for (std::size_t i = order_.first_waiter[message]; i < order_.first_waiter[message + 1]; ++i) {
    if (order_.waiters[i].kind == kind) satisfy(order_.waiters[i].message);
  }
}

void CollectiveRun::message_sent(std::uint64_t token) {
  const auto i = static_cast<std::uint32_t>(token);
  release(i, Prerequisite::Kind::sent);
  count_down(order_.sender[i]);
}

void CollectiveRun::message_delivered(std::uint64_t token) {
  const auto i = static_cast<std::uint32_t>(token);
  ++delivered_;
  release(i, Prerequisite::Kind::delivered);
  count_down(order_.receiver[i]);
}

void CollectiveRun::count_down(std::size_t member) {
  if (--left_[member] > 0) return;
  finished_ = time_.now();
  --members_left_;
  if (done_) done_(member);
}

}  // namespace simdse
