// Takes operators out of a graph, as a graph of their own.
#pragma once

#include <vector>

#include "workloads/graph.h"

namespace simdse {

/// The graph of `members` (ascending, no views). What they read and did not make is an input of it,
/// with the same layout; what is in `wanted` (by owner of the bytes) and made here is kept.
Graph take_out(const Graph& whole, const std::vector<OperatorId>& members,
               const std::vector<bool>& wanted);

}  // namespace simdse
