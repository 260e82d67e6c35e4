// Which operators run together without a round trip through memory.
#pragma once

#include <vector>

#include "workloads/graph.h"
#include "workloads/software.h"

namespace simdse {

/// Operators that run as one: the head, then the chain behind it in order.
using OperatorGroup = std::vector<OperatorId>;

/// Partitions the operators (views left out) into groups, ordered by their heads, which is a
/// topological order of the groups.
///
/// A contraction takes in the chain of elementwise operators behind it whose other inputs are
/// parameters. A vector operator that emits row after row takes in elementwise and row-wise
/// operators whose other inputs exist before the head runs. A chain stays within one phase, and
/// every operator of it works on the elements that the one before has made. Where `rules` has
/// chains, a group is followed as long as it is the beginning of one, always to the first consumer
/// with which it is; it is then as much of that as makes a whole chain, or the head alone.
std::vector<OperatorGroup> fuse_operators(const Graph& graph, const KernelRules& rules = {});

}  // namespace simdse
