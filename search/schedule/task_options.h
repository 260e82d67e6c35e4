// For every task, the ways in which a chip can run it: on how many cores, mapped how, in what time.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "search/estimate/region_estimate.h"
#include "search/mapping/contraction_mapper.h"
#include "search/schedule/task_graph.h"

namespace simdse {

/// One way to run a task. Every part has a tensor core of its own if the task contracts; vector
/// cores may serve several parts.
struct TaskOption {
  std::int64_t parts = 1;
  CoreRange tensor_group;  ///< cores it may use; empty if it needs none
  CoreRange vector_group;
  std::optional<MappedContraction> contraction;
  VectorMapping vector;
  double cycles = 0;
  /// Partial sums of a K split, to be added up by vector cores afterwards.
  std::optional<VectorMapping> reduction;
  double reduction_cycles = 0;

  /// Cores that one run occupies.
  std::int32_t tensor_count() const { return contraction ? static_cast<std::int32_t>(parts) : 0; }
  std::int32_t vector_count() const {
    return static_cast<std::int32_t>(std::min<std::int64_t>(parts, vector_group.count));
  }
  double total_cycles() const { return cycles + reduction_cycles; }
};

/// Options of one task, by core group and number of parts; never empty.
using TaskOptions = std::vector<TaskOption>;

/// How the global buffer is divided: a slice per tensor core for rings, the rest for tensors.
struct BufferLayout {
  std::int64_t slice = 0;     ///< bytes per tensor core, from address 0
  std::int64_t resident = 0;  ///< first address of the area for tensors
  std::int64_t end = 0;

  static BufferLayout of(const Chip& chip);
};

/// A region of `task` run by `option` on its groups' first cores; all tensors in memory.
Region make_region(const Task& task, const TaskOption& option);

/// The region that adds up the partial sums of a K split.
Region make_reduction(const Task& task, const TaskOption& option);

class OptionCache;

/// Options for every signature of the graph; of contractions only those of `dataflow`, if one is
/// given. Throws InputError when some operator can't be mapped. What the options cost to find is
/// added to `calls`, whatever comes of it, and whether or not `cache` knew it already; a cache is
/// of one graph, and all dataflows.
std::vector<TaskOptions> find_options(const Chip& chip, const TaskGraph& graph,
                                      std::optional<Dataflow> dataflow = {},
                                      CostCalls* calls = nullptr, OptionCache* cache = nullptr);

}  // namespace simdse
