// A random part of the ways to run tasks: what a search that samples mappings chooses among.
#pragma once

#include <cstdint>
#include <vector>

#include "search/schedule/task_options.h"

namespace simdse {

/// Keeps every option with probability 1/2, by `seed`, so that the scheduler must do with the
/// splits that are left. The first option of a task, on the fewest cores, always stays: it can be
/// started whatever else runs.
std::vector<TaskOptions> sample_options(const std::vector<TaskOptions>& options,
                                        std::uint64_t seed);

}  // namespace simdse
