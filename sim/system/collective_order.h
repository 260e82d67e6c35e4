// The steps of a collective, made ready to be run many times.
#pragma once

#include <cstdint>
#include <vector>

#include "models/network/collective_steps.h"

namespace simdse {

/// Who waits for whom among the messages, the other way round, and what each member of the group
/// has to do. Members are numbers within the group.
struct CollectiveOrder {
  /// Throws InputError.
  CollectiveOrder(const Interconnect& network, CollectiveRequest what);

  struct Member {
    std::vector<std::uint32_t> sends;  ///< messages
    std::size_t ends = 0;              ///< of messages, here: as many as it sends and receives
  };

  CollectiveRequest request;
  CollectiveSteps steps;
  std::vector<Member> members;
  std::vector<std::uint32_t> sender;    ///< by message: member
  std::vector<std::uint32_t> receiver;  ///< by message: member
  /// By message: what has to happen before it leaves, the start included.
  std::vector<std::uint32_t> waits;
  std::vector<std::size_t> first_waiter;  ///< by message, into `waiters`; one more than messages
  std::vector<Prerequisite> waiters;      ///< who waits for a message, and for what of it
};

}  // namespace simdse
