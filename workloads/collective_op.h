// Collective operations: what a group of ranks exchanges.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace simdse {

/// With n ranks, each having b bytes before:
enum class CollectiveOp {
  all_reduce,      ///< each ends with the sum of all ranks' b bytes
  reduce_scatter,  ///< rank i ends with the i-th n-th, b / n bytes, of the sum
  all_gather,      ///< each ends with all ranks' bytes, n b
  all_to_all,      ///< rank i ends with the i-th n-th of every rank's bytes
  broadcast,       ///< each ends with the b bytes of the group's first rank
};

/// "all_reduce", ...
const char* collective_name(CollectiveOp op);
/// All names, in the order of the operations.
const std::vector<std::string>& collective_names();
/// Nothing for an unknown name.
std::optional<CollectiveOp> find_collective(const std::string& name);

}  // namespace simdse
