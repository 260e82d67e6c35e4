// What the ranks of a distributed step do: a program for each, and who waits for whom.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/base/units.h"
#include "workloads/collective_op.h"

namespace simdse {

enum class RankAction {
  compute,     ///< work of the chip's cores
  memory,      ///< a load from or a store to the chip's memory
  send,        ///< to `peer`; done when the bytes are there
  receive,     ///< from `peer`
  collective,  ///< with the ranks of `group`
};

/// "compute", "send", ...
const char* action_name(RankAction action);

/// How long a compute node takes is in a table of pieces, or known, or follows from its work and
/// the chip.
struct RankWork {
  std::int32_t piece = -1;      ///< if not negative: place in a table of times
  Seconds duration;             ///< else, if positive: known
  std::int64_t macs = 0;        ///< of contractions
  std::int64_t operations = 0;  ///< of the vector cores
  Bytes bytes;                  ///< to and from memory
};

/// One thing that a rank does. Of those of one rank that could start, the one of lowest index does
/// first; compute and memory nodes run one at a time, communication beside them.
struct RankNode {
  std::string name;
  RankAction action = RankAction::compute;
  std::vector<std::int32_t> after;  ///< nodes of the same rank that must be done first
  RankWork work;                    ///< compute, memory
  Bytes bytes;                      ///< send, receive; collective: as CollectiveOp counts
  std::int32_t peer = -1;           ///< rank; send, receive
  std::int64_t tag = 0;  ///< send, receive: the k-th send of a tag meets its k-th receive
  CollectiveOp op = CollectiveOp::all_reduce;
  std::int32_t group = -1;  ///< collective: index of RankPrograms::groups
};

struct RankProgram {
  std::vector<RankNode> nodes;
};

/// Ranks that do collectives together: rank numbers, in the order that rings and trees follow.
struct RankGroup {
  std::string name;
  std::vector<std::int32_t> ranks;
};

/// A node of some rank.
struct RankNodeId {
  std::int32_t rank = 0;
  std::int32_t node = 0;
};

/// The programs of all ranks.
struct RankPrograms {
  std::string name;
  std::vector<RankProgram> ranks;
  std::vector<RankGroup> groups;

  const RankNode& node(RankNodeId id) const {
    return ranks[static_cast<std::size_t>(id.rank)].nodes[static_cast<std::size_t>(id.node)];
  }
};

/// Which nodes of different ranks belong together.
struct RankMeetings {
  struct Message {
    RankNodeId send;
    RankNodeId receive;
  };
  std::vector<Message> messages;
  /// One per collective: its node at each rank of the group, in the group's order.
  std::vector<std::vector<RankNodeId>> collectives;
};

/// Pairs sends with receives (rank, peer, tag; the k-th with the k-th) and the collectives of a
/// group (the k-th at each of its ranks, in order of index).
///
/// Throws InputError for a rank, group or node that does not exist, a send without receive or the
/// other way round, pairs that differ in bytes, ranks of a group that do not agree on a collective,
/// a rank twice in a group, and for a deadlock: nodes that wait for each other in a circle, which
/// the message names. Sends are taken to complete without their receive having begun, so that what
/// passes here can always end.
RankMeetings match_ranks(const RankPrograms& programs);

}  // namespace simdse
