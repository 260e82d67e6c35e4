// List scheduling by criticality.
#pragma once

#include <cstdint>
#include <vector>

#include "search/schedule/critical_path.h"

namespace simdse {

enum class CoreKind { tensor, vector };

/// One run of a task, or of the reduction that ends a K split.
struct ScheduledTask {
  TaskId task = kNone;
  std::int32_t option = 0;  ///< index into the task's options
  bool is_reduction = false;
  std::int32_t first_tensor_core = 0;
  std::vector<std::int32_t> vector_cores;  ///< distinct cores held
  double start = 0;
  double finish = 0;
};

struct Schedule {
  std::vector<ScheduledTask> entries;  ///< in the order of their starts
  double makespan = 0;
  /// Cycles that critical tasks waited only because all cores of a kind were busy.
  double tensor_conflict = 0;
  double vector_conflict = 0;
};

/// Starts, whenever cores are free, the ready task of least slack, then least latest start, then
/// greatest height, on as many cores as shorten it most while leaving some to its ready rivals.
Schedule schedule_tasks(const Chip& chip, const TaskGraph& graph,
                        const std::vector<TaskOptions>& options, const CriticalPath& path);

}  // namespace simdse
