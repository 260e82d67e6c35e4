#include "cli/overrides.h"

#include <fmt/core.h>

namespace simdse {

SplitOverrides split_overrides(const std::vector<Override>& overrides) {
  SplitOverrides result;
  for (const Override& item : overrides) {
    const std::size_t dot = item.path.find('.');
    const std::string file = item.path.substr(0, dot);
    if (dot == std::string::npos || (file != "design" && file != "workload")) {
      throw InputError(fmt::format(
          "--set {}: the path must begin with 'design.' or 'workload.', e.g. design.memory.stacks",
          item.path));
    }
    const Override inner{item.path.substr(dot + 1), item.value};
    (file == "design" ? result.design : result.workload).push_back(inner);
  }
  return result;
}

}  // namespace simdse
