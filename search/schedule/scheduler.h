// The schedule of a plan: list schedules, and what their own conflicts say could be better.
#pragma once

#include "search/schedule/list_scheduler.h"

namespace simdse {

/// The shortest of several list schedules. A list schedule starts whatever is ready when cores are
/// idle, and so a long task of no urgency may take the cores just before a critical one becomes
/// ready. Such conflicts are looked for along the chain of tasks that makes the schedule's length,
/// and the task in the way is held back until the other has started, as long as that helps.
Schedule schedule_tasks(const Chip& chip, const TaskGraph& graph,
                        const std::vector<TaskOptions>& options, const CriticalPath& path);

}  // namespace simdse
