// Earliest and latest starts: which tasks the iteration can't do without being longer.
#pragma once

#include <vector>

#include "search/schedule/task_options.h"

namespace simdse {

/// With every task at the least latency that any of its options gives it, and no waiting for cores:
/// `earliest` is the longest path from the source, `latest` the start that still meets `length`,
/// the length of the critical path. No schedule of these options is shorter. It is what the
/// scheduler orders by, not a bound on the chip or on larger ones: options are priced with all
/// tensors in memory, which a plan may keep in the buffer, and end at the splits that this chip's
/// cores allow.
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
