// A distributed step on all chips of a system, simulated.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "models/network/collective.h"
#include "sim/system/rank_module.h"

namespace simdse {

struct SystemRunOptions {
  /// Which algorithm a collective takes; empty: fastest_algorithm.
  std::function<CollectiveAlgorithm(CollectiveOp op, Bytes bytes,
                                    const std::vector<std::int32_t>& group)>
      algorithm;
  /// Chip of each rank, all different; empty: its own number.
  std::vector<std::int32_t> chips;
  /// A run that needs more call-backs of the event queue than this is given up.
  std::uint64_t most_events = ~std::uint64_t{0};
};

struct SystemRunResult {
  Picoseconds time = 0;  ///< until the last node of the last rank is done
  std::vector<RankRecord> ranks;
  std::uint64_t messages = 0;  ///< of the network, those of collectives included
  std::uint64_t events = 0;    ///< call-backs of the event queue
};

/// Runs the programs on the network, every rank on a chip of its own.
///
/// Messages from one rank to another leave one after the other, in the order in which the sender
/// comes to them; a send ends when its message is at the receiver, a receive when the rank has come
/// to it and the message is there. A collective begins when all ranks of its group have come to it
/// and the group has none under way; of several that could begin, the one with the lowest index
/// among the nodes of the group's first rank. A collective of one rank takes no time.
///
/// `compute_time` gives the durations of compute and memory nodes, which nothing changes: what they
/// do within their chip is not in the way of the network. One run per process, as SystemC
/// elaborates once. Throws InputError like match_ranks (deadlocks among others), when there are not
/// enough chips, and for times that can't be counted; std::runtime_error when it is given up.
SystemRunResult run_system(const Interconnect& network, const RankPrograms& programs,
                           const std::function<Seconds(RankNodeId)>& compute_time,
                           const SystemRunOptions& options = {});

}  // namespace simdse
