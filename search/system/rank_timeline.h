// Programs of ranks run on paper: when everything happens if no two exchanges meet on a line.
#pragma once

#include <functional>
#include <vector>

#include "workloads/ranks/rank_program.h"

namespace simdse {

/// What a rank's time is, as fractions of the whole run; they sum to 1.
struct RankShares {
  double compute = 0;
  double exchange = 0;  ///< nothing to compute before a collective ends
  double pipeline = 0;  ///< nothing to compute before another stage sends, or any more
};

struct RankTimeline {
  std::vector<std::vector<Seconds>> finish;  ///< by rank and node
  std::vector<RankShares> shares;            ///< by rank
  Seconds time;
};

/// How long nodes take, given what they wait for has happened: compute and memory nodes, a
/// collective once all its ranks are there, a message from its send's start to its receive. Of
/// a receive it is not asked.
using RankNodeTime = std::function<Seconds(RankNodeId)>;

/// Runs the programs. A rank computes one node at a time, of those that are ready the one of lowest
/// index; the collectives of a group follow each other, and so do the messages from one rank to
/// another; otherwise exchanges are in nobody's way. Throws InputError like match_ranks.
RankTimeline run_on_paper(const RankPrograms& programs, const RankNodeTime& time);

}  // namespace simdse
