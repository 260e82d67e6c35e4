// Earliest and latest starts: which tasks the iteration can't do without being longer.
#pragma once

#include <vector>

#include "search/schedule/task_options.h"

namespace simdse {

/// With every task at the least latency that any option gives it, and cores without number:
/// `earliest` is the longest path from the source, `latest` the start that still meets `length`,
/// the length of the critical path, which no number of cores can beat.
struct CriticalPath {
  std::vector<double> least;         ///< least latency of each task, cycles
  std::vector<double> earliest;      ///< ASAP
  std::vector<double> latest;        ///< ALAP
  std::vector<std::int32_t> height;  ///< tasks on the longest chain to the sink
  double length = 0;

  double slack(TaskId task) const { return latest[task] - earliest[task]; }
  bool is_critical(TaskId task) const { return slack(task) <= 1e-9 * length; }
};

CriticalPath find_critical_path(const TaskGraph& graph, const std::vector<TaskOptions>& options);

}  // namespace simdse
