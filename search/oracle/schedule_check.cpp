#include "search/oracle/schedule_check.h"

#include <fmt/core.h>

#include <algorithm>

namespace simdse {
namespace {

const TaskStage& stage_of(const ScheduleProblem& problem, const PlacedStage& placed) {
  return problem.modes[placed.task][placed.mode].stages[placed.stage];
}

double end_of(const ScheduleProblem& problem, const PlacedStage& placed) {
  return placed.start + stage_of(problem, placed).cycles;
}

bool share_cores(const PlacedStage& a, const PlacedStage& b) {
  for (std::size_t pool = 0; pool < a.cores.size(); ++pool) {
    for (const std::int32_t core : a.cores[pool]) {
      if (std::count(b.cores[pool].begin(), b.cores[pool].end(), core) > 0) return true;
    }
  }
  return false;
}

}  // namespace

double makespan_of(const ScheduleProblem& problem, const std::vector<PlacedStage>& stages) {
  double makespan = 0;
  for (const PlacedStage& placed : stages) makespan = std::max(makespan, end_of(problem, placed));
  return makespan;
}

std::string schedule_fault(const ScheduleProblem& problem, const std::vector<PlacedStage>& stages) {
  const double tolerance = 1e-6 * makespan_of(problem, stages);
  std::vector<std::vector<const PlacedStage*>> placed_of(problem.modes.size());
  for (const PlacedStage& placed : stages) {
    for (std::size_t pool = 0; pool < problem.pools.size(); ++pool) {
      const auto held = static_cast<std::int32_t>(placed.cores[pool].size());
      if (held != stage_of(problem, placed).count_in(pool)) {
        return fmt::format("task {} holds {} cores of pool {}, its mode {}", placed.task, held,
                           pool, stage_of(problem, placed).count_in(pool));
      }
    }
    placed_of[placed.task].push_back(&placed);
  }
  for (std::size_t task = 0; task < placed_of.size(); ++task) {
    std::vector<const PlacedStage*>& own = placed_of[task];
    std::sort(own.begin(), own.end(),
              [](const PlacedStage* a, const PlacedStage* b) { return a->stage < b->stage; });
    if (own.empty() || own.size() != problem.modes[task][own[0]->mode].stages.size()) {
      return fmt::format("task {} has {} stages", task, own.size());
    }
    for (std::size_t i = 1; i < own.size(); ++i) {
      if (own[i]->mode != own[0]->mode || own[i]->start < end_of(problem, *own[i - 1]) - tolerance)
        return fmt::format("stage {} of task {} starts too early", i, task);
    }
  }
  for (std::size_t task = 0; task < placed_of.size(); ++task) {
    for (const TaskId before : problem.predecessors[task]) {
      if (placed_of[task].front()->start < end_of(problem, *placed_of[before].back()) - tolerance) {
        return fmt::format("task {} starts before task {} ends", task, before);
      }
    }
  }
  for (std::size_t i = 0; i < stages.size(); ++i) {
    for (std::size_t j = i + 1; j < stages.size(); ++j) {
      const PlacedStage& a = stages[i];
      const PlacedStage& b = stages[j];
      const double overlap =
          std::min(end_of(problem, a), end_of(problem, b)) - std::max(a.start, b.start);
      if (overlap > tolerance && share_cores(a, b)) {
        return fmt::format("tasks {} and {} hold a core at the same time", a.task, b.task);
      }
    }
  }
  return "";
}

}  // namespace simdse
