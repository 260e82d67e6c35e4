// From a workload's tasks and a chip to a Plan.
#pragma once

#include <memory>

#include "search/schedule/list_scheduler.h"

namespace simdse {

/// A Plan with what led to it.
struct PlanResult {
  Plan plan;
  /// Task of each region.
  std::vector<TaskId> task_of;
  double tensor_conflict = 0;  ///< of the schedule, see Schedule
  double vector_conflict = 0;
};

/// Maps, schedules and allocates. Throws InputError when the workload does not fit the chip's
/// memory.
PlanResult make_plan(const Chip& chip, const TaskGraph& graph);

/// The same with the options at hand.
PlanResult make_plan(const Chip& chip, const TaskGraph& graph,
                     const std::vector<TaskOptions>& options);

}  // namespace simdse
