// List scheduling by criticality.
#pragma once

#include <cstdint>
#include <map>
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
  double ready = 0;                        ///< when all that it depends on had finished
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

/// With whom a ready task divides the idle cores.
enum class Rivals {
  critical,  ///< those at least as critical: they run on many cores each, one after another
  all,       ///< all that are ready: they run side by side, on few cores each
};

struct ListRules {
  Rivals rivals = Rivals::critical;
  /// Tasks that don't start before others have: cores are kept free for these.
  std::map<TaskId, std::vector<TaskId>> holds;
};

/// Starts, whenever cores are free, the ready task of least slack, then least latest start, then
/// greatest height, on as many cores as shorten it most while leaving some to its ready rivals. The
/// makespan is infinite if tasks are held back for each other in a circle.
Schedule list_schedule(const Chip& chip, const TaskGraph& graph,
                       const std::vector<TaskOptions>& options, const CriticalPath& path,
                       const ListRules& rules);

}  // namespace simdse
