// A collective on an otherwise idle system.
#pragma once

#include "models/network/collective.h"

namespace simdse {

struct CollectiveFigures {
  Seconds time;  ///< until the last chip is done, all having begun at once
  std::uint64_t messages = 0;
  std::uint64_t events = 0;
  /// Of the line that carried most: bytes over bandwidth and the time.
  double busiest_line = 0;
};

/// Runs it message by message. Throws InputError, std::runtime_error when messages are left over.
CollectiveFigures simulate_collective(const Interconnect& network,
                                      const CollectiveRequest& request);

}  // namespace simdse
