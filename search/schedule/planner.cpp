#include "search/schedule/planner.h"

#include "search/schedule/allocator.h"
#include "search/schedule/scheduler.h"

namespace simdse {
namespace {

/// Puts a region on the cores that the schedule chose.
void place_on_cores(Region& region, const Schedule& schedule, const ScheduledTask& entry) {
  for (std::size_t part = 0; part < region.tensor_cores.size(); ++part) {
    region.tensor_cores[part] = entry.first_tensor_core + static_cast<std::int32_t>(part);
  }
  std::int32_t next = 0;
  for (std::int32_t& core : region.vector_cores) {
    core = schedule.vector_core(entry, next);
    if (++next == entry.vector_count) next = 0;
  }
}

}  // namespace

PlanResult make_plan(const Chip& chip, const TaskGraph& graph,
                     const std::vector<TaskOptions>& options) {
  PlanResult result;
  const Schedule schedule =
      schedule_tasks(chip, graph, options, find_critical_path(graph, options));
  result.tensor_conflict = schedule.tensor_conflict;
  result.vector_conflict = schedule.vector_conflict;

  result.plan.regions.reserve(schedule.entries.size());
  result.task_of.reserve(schedule.entries.size());
  std::vector<RegionId> finishes(graph.tasks.size(), kNone);  // region that completes each task
  for (const ScheduledTask& entry : schedule.entries) {
    const Task& task = graph.tasks[entry.task];
    const TaskOption& option = options[task.signature][entry.option];
    Region region = entry.is_reduction ? make_reduction(task, option) : make_region(task, option);
    region.id = static_cast<RegionId>(result.plan.regions.size());
    place_on_cores(region, schedule, entry);
    if (entry.is_reduction) {
      region.after.push_back(finishes[entry.task]);
    } else {
      region.after.reserve(2 * task.predecessors.size());  // and what space is waited for
      for (const TaskId before : task.predecessors) region.after.push_back(finishes[before]);
    }
    finishes[entry.task] = region.id;
    result.plan.regions.push_back(std::move(region));
    result.task_of.push_back(entry.task);
  }
  allocate(result.plan, chip, graph);
  return result;
}

PlanResult make_plan(const Chip& chip, const TaskGraph& graph) {
  return make_plan(chip, graph, find_options(chip, graph));
}

}  // namespace simdse
