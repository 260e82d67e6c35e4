#include "search/oracle/schedule_study.h"

#include <set>

#include "search/schedule/scheduler.h"

namespace simdse {
namespace {

/// What two pieces that are scheduled alike have in common.
std::vector<std::int32_t> key_of(const TaskGraph& piece) {
  std::vector<std::int32_t> key;
  for (const Task& task : piece.tasks) {
    key.push_back(task.signature);
    key.insert(key.end(), task.predecessors.begin(), task.predecessors.end());
    key.push_back(kNone);
  }
  return key;
}

std::vector<std::vector<TaskId>> predecessors_of(const TaskGraph& piece) {
  std::vector<std::vector<TaskId>> predecessors;
  for (const Task& task : piece.tasks) predecessors.push_back(task.predecessors);
  return predecessors;
}

}  // namespace

std::vector<TaskId> choose_pieces(const Chip& chip, const TaskGraph& graph,
                                  const StudyOptions& options) {
  const auto count = static_cast<TaskId>(graph.tasks.size());
  std::vector<TaskId> wide;
  std::set<std::vector<std::int32_t>> seen;
  for (TaskId first = 0; first + options.tasks <= count; first += options.tasks) {
    const TaskGraph piece = cut_tasks(graph, first, options.tasks);
    if (width_of(predecessors_of(piece)) <= static_cast<std::int32_t>(chip.core_count())) continue;
    if (seen.insert(key_of(piece)).second) wide.push_back(first);
  }
  const auto most = static_cast<std::size_t>(options.most);
  if (wide.size() <= most) return wide;
  std::vector<TaskId> chosen;
  for (std::size_t i = 0; i < most; ++i) chosen.push_back(wide[i * wide.size() / most]);
  return chosen;
}

StudyCase study_piece(const Chip& chip, const TaskGraph& graph,
                      const std::vector<TaskOptions>& task_options, TaskId first,
                      const StudyOptions& options) {
  const TaskGraph piece = cut_tasks(graph, first, options.tasks);
  const Schedule schedule =
      schedule_tasks(chip, piece, task_options, find_critical_path(piece, task_options));
  const ScheduleProblem problem = make_schedule_problem(chip, piece, task_options);
  StudyCase result;
  result.first = first;
  result.first_operator = graph.graph->op(piece.tasks.front().operators.front()).name;
  result.tasks = options.tasks;
  result.width = width_of(problem.predecessors);
  result.critical_path = problem.critical_path();
  result.heuristic = schedule.makespan;
  result.oracle =
      solve_schedule(problem, place_schedule(chip, piece, task_options, schedule), options.limits);
  return result;
}

}  // namespace simdse
