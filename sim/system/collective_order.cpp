#include "sim/system/collective_order.h"

#include <unordered_map>

namespace simdse {

CollectiveOrder::CollectiveOrder(const Interconnect& network, CollectiveRequest what)
    : request(std::move(what)),
      steps(collective_steps(network, request)),
      members(request.group.size()),
      waits(steps.size(), 1),
      first_waiter(steps.size() + 1, 0) {
  std::unordered_map<std::int32_t, std::uint32_t> member_of;
  for (std::size_t i = 0; i < request.group.size(); ++i) {
    member_of[request.group[i]] = static_cast<std::uint32_t>(i);
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    sender.push_back(member_of.at(steps.message(i).from));
    receiver.push_back(member_of.at(steps.message(i).to));
    members[sender[i]].sends.push_back(static_cast<std::uint32_t>(i));
    ++members[sender[i]].ends;
    ++members[receiver[i]].ends;
    for (const Prerequisite* wait = steps.begin(i); wait != steps.end(i); ++wait) {
      ++waits[i];
      ++first_waiter[wait->message + 1];
    }
  }
  for (std::size_t i = 0; i < steps.size(); ++i) first_waiter[i + 1] += first_waiter[i];
  waiters.resize(first_waiter.back());
  std::vector<std::size_t> at(first_waiter.begin(), first_waiter.end() - 1);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    for (const Prerequisite* wait = steps.begin(i); wait != steps.end(i); ++wait) {
      waiters[at[wait->message]++] = {static_cast<std::uint32_t>(i), wait->kind};
    }
  }
}

}  // namespace simdse
