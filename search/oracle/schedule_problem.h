// A schedule as a mathematical problem: stages of known length on groups of equal cores.
#pragma once

#include <cstdint>
#include <vector>

#include "search/schedule/list_scheduler.h"
#include "search/schedule/task_graph.h"
#include "search/schedule/task_options.h"

namespace simdse {

/// Cores of one pool that a stage holds while it runs.
struct CoreUse {
  std::size_t pool = 0;
  std::int32_t count = 0;
};

struct TaskStage {
  std::vector<CoreUse> uses;
  double cycles = 0;

  /// Cores of `pool` that it holds; 0 if none.
  std::int32_t count_in(std::size_t pool) const;
};

/// One way to run a task: one stage, or two, of which the second starts when or after the first
/// ends (the reduction behind a K split, or the vector operators of a pair that is not fused).
struct Mode {
  std::vector<TaskStage> stages;

  double cycles() const;
};

/// Tasks with their modes, in topological order, and the cores that they compete for.
struct ScheduleProblem {
  std::vector<std::int32_t> pools;       ///< cores of each: tensor groups, then vector groups
  std::vector<std::vector<Mode>> modes;  ///< of each task, never empty
  std::vector<std::vector<TaskId>> predecessors;

  /// The length of the longest path with every task in its shortest mode: no schedule is shorter.
  double critical_path() const;
};

/// [a][b]: whether every schedule ends task a before b starts. Tasks are in topological order.
std::vector<std::vector<bool>> transitive_order(
    const std::vector<std::vector<TaskId>>& predecessors);

/// The most tasks of which none waits for another: a maximum antichain, by Dilworth's theorem the
/// number of tasks less a maximum matching of the transitive order (Fulkerson, Proc. AMS 7, 1956).
std::int32_t width_of(const std::vector<std::vector<TaskId>>& predecessors);

/// The problem that schedule_tasks solves heuristically: mode i of a task is its option i. Behind
/// these come modes that the heuristic does not have: the contraction of a fused pair alone, its
/// vector operators after it. Cores of a group count as one pool, so tensor cores of a task need
/// not be neighbours, as they are in a plan: the problem's optimum is a bound for plans.
ScheduleProblem make_schedule_problem(const Chip& chip, const TaskGraph& graph,
                                      const std::vector<TaskOptions>& options);

/// Tasks `first` to `first` + `count` - 1 of a graph, as a graph: what they wait for outside has
/// been done.
TaskGraph cut_tasks(const TaskGraph& graph, TaskId first, std::int32_t count);

/// Where a stage of a task runs, and when.
struct PlacedStage {
  TaskId task = kNone;
  std::int32_t mode = 0;
  std::size_t stage = 0;
  double start = 0;
  std::vector<std::vector<std::int32_t>> cores;  ///< by pool
};

/// A heuristic's schedule in the terms of the problem.
std::vector<PlacedStage> place_schedule(const Chip& chip, const TaskGraph& graph,
                                        const std::vector<TaskOptions>& options,
                                        const Schedule& schedule);

}  // namespace simdse
