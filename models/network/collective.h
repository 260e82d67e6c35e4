// Collective operations: what they do, by which algorithm, and for whom.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/network/interconnect.h"
#include "workloads/collective_op.h"

namespace simdse {

/// - ring: every chip talks to the next one of the group. Reductions and gathers go in n - 1 steps
/// of
///   1/n of the bytes each (Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for
///   clusters of workstations", 2009); an all-to-all hands on what isn't at home yet; a broadcast
///   is a chain, in pieces.
/// - bidirectional_ring: half of it each way around; of a broadcast and an all-to-all what goes the
///   shorter way.
/// - tree: few steps. All-reduce by two binary trees in which no chip is an inner node twice, half
/// of
///   the bytes through each, in pieces (Sanders, Speck and Traeff, "Two-tree algorithms for full
///   bandwidth broadcast, reduction and scan", 2009); broadcast by a binomial tree, whole (Chan et
///   al., "Collective communication: theory, practice, and experience", 2007); the others, for
///   which every chip is a root, by the dissemination of Bruck et al. ("Efficient algorithms for
///   all-to-all communications in multiport message-passing systems", 1997) and its reverse
///   (Thakur, Rabenseifner and Gropp, "Optimization of collective communication operations in
///   MPICH", 2005, compare these).
/// - hierarchical: rings level by level, as Interconnect::levels has them: the first level has all
///   of the bytes, the next one what is left of them. On tori, in parts: see level_parts.
/// - direct: every chip sends to all others at once what is theirs.
enum class CollectiveAlgorithm { ring, bidirectional_ring, tree, hierarchical, direct };

/// Names as options have them, in the enumeration's order.
const std::vector<std::string>& collective_algorithm_names();

/// `bytes` are those that a chip has of the larger side, as in NCCL's tests: before an all-reduce,
/// a reduce-scatter or an all-to-all, after an all-gather or a broadcast. See largest_side.
struct CollectiveRequest {
  CollectiveOp op = CollectiveOp::all_reduce;
  CollectiveAlgorithm algorithm = CollectiveAlgorithm::ring;
  Bytes bytes;
  std::vector<std::int32_t> group;  ///< chips, each once; their order is that of the ring
};

/// The bytes of a request when each of `n` chips has `before` bytes at the beginning, which is what
/// CollectiveOp counts: n times as many for an all-gather.
Bytes largest_side(CollectiveOp op, Bytes before, std::size_t n);

/// Throws InputError when the request makes no sense on the network: a chip that isn't there or is
/// there twice, or a hierarchical one where there is only one level or the group is no full grid of
/// the levels.
void check_collective(const Interconnect& network, const CollectiveRequest& request);

/// The group as a grid: for each level with more than one member the rings of members (numbers
/// within the group) that differ in that level only, in the order of the level. Throws InputError
/// when there are fewer than two levels, or a place of the grid is empty.
std::vector<std::vector<std::vector<std::int32_t>>> level_rings(
    const Interconnect& network, const std::vector<std::int32_t>& group);

/// One part of the bytes of a hierarchical collective, and the rings by which it goes.
struct LevelPart {
  std::vector<std::vector<std::vector<std::int32_t>>> levels;  ///< as of level_rings, in order
  RingWay way = RingWay::even;
};

/// A torus has as many parts as a chip has ports: each begins with another dimension, and half of
/// them go the other way around, so that no two parts want a line at the same time (Sack and Gropp,
/// "Collective algorithms for multiported torus networks", 2015). Otherwise there is one part, as
/// the levels of switches are not alike. Throws InputError like level_rings.
std::vector<LevelPart> level_parts(const Interconnect& network,
                                   const std::vector<std::int32_t>& group);

/// What `bytes` / time has to be multiplied with to give the bandwidth that the busiest line must
/// have at least, whatever the algorithm: "bus bandwidth" in NCCL's tests. `n` is the group's size.
double bus_factor(CollectiveOp op, std::size_t n);

/// Pieces in which what goes along a chain or tree of `n` chips is sent, of a segment each at
/// least: 8 per chip, so that the first one's way through a chain takes an eighth of the time at
/// most. Beyond 181 chips only as many as make 2^18 messages in all, so that they can be simulated:
/// a chain of 1,024 chips has 256, and then mostly waits for the first one; a tree, which is only
/// as deep as the logarithm, does not.
std::int64_t pipeline_pieces(const Interconnect& network, Bytes bytes, std::size_t n);

/// One binary tree over places 0 to n - 1.
struct BinaryTree {
  std::vector<std::int32_t> parent;    ///< -1 of the root
  std::vector<std::int32_t> downward;  ///< all places, each behind its parent
};

/// Two binary trees. In the first one, inner nodes are at odd places; the second is the first one
/// mirrored or, of an odd number, shifted by one place, so that they are at even places (but for
/// one chip where n is odd).
std::vector<BinaryTree> two_trees(std::size_t n);

/// One message of a step.
struct CollectiveMessage {
  std::int32_t from = 0;  ///< chip
  std::int32_t to = 0;    ///< chip
  std::int64_t bytes = 0;
  RingWay way = RingWay::even;
};

/// By formula, from alpha-beta models of messages: each takes the latency of its way and what the
/// most loaded line on it carries in its step at the line's own bandwidth. Messages that wait for
/// others follow them; nothing else does: see docs/system-network.md. Pieces of a chain or tree
/// overlap. Throws InputError.
Seconds collective_time(const Interconnect& network, const CollectiveRequest& request);

/// The algorithm of the shortest collective_time, the first one of equals; of groups of more than
/// 64 `direct` is not tried. Throws InputError.
CollectiveAlgorithm fastest_algorithm(const Interconnect& network, CollectiveOp op, Bytes bytes,
                                      const std::vector<std::int32_t>& group);

}  // namespace simdse
