// `--set` where a command reads two files.
#pragma once

#include <string>
#include <vector>

#include "models/base/config_value.h"

namespace simdse {

/// Overrides of the design ("design.memory.stacks=4") and of the workload ("workload.batch=16").
struct SplitOverrides {
  std::vector<Override> design;
  std::vector<Override> workload;
};

/// Throws InputError for a path that begins with neither.
SplitOverrides split_overrides(const std::vector<Override>& overrides);

}  // namespace simdse
