#include "workloads/collective_op.h"

#include <algorithm>

namespace simdse {

const std::vector<std::string>& collective_names() {
  static const std::vector<std::string> names = {"all_reduce", "reduce_scatter", "all_gather",
                                                 "all_to_all", "broadcast"};
  return names;
}

const char* collective_name(CollectiveOp op) {
  return collective_names()[static_cast<std::size_t>(op)].c_str();
}

std::optional<CollectiveOp> find_collective(const std::string& name) {
  const std::vector<std::string>& names = collective_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<CollectiveOp>(found - names.begin());
}

}  // namespace simdse
