#include "search/oracle/schedule_problem.h"

#include <algorithm>
#include <functional>

namespace simdse {

std::int32_t TaskStage::count_in(std::size_t pool) const {
  for (const CoreUse& use : uses) {
    if (use.pool == pool) return use.count;
  }
  return 0;
}

double Mode::cycles() const {
  double sum = 0;
  for (const TaskStage& stage : stages) sum += stage.cycles;
  return sum;
}

double ScheduleProblem::critical_path() const {
  std::vector<double> finish(modes.size());
  double length = 0;
  for (std::size_t task = 0; task < modes.size(); ++task) {
    for (const TaskId before : predecessors[task]) {
      finish[task] = std::max(finish[task], finish[before]);
    }
    double least = modes[task].front().cycles();
    for (const Mode& mode : modes[task]) least = std::min(least, mode.cycles());
    finish[task] += least;
    length = std::max(length, finish[task]);
  }
  return length;
}

std::vector<std::vector<bool>> transitive_order(
    const std::vector<std::vector<TaskId>>& predecessors) {
  const std::size_t count = predecessors.size();
  std::vector<std::vector<bool>> is_before(count, std::vector<bool>(count));
  for (std::size_t task = 0; task < count; ++task) {
    for (const TaskId direct : predecessors[task]) {
      is_before[direct][task] = true;
      for (std::size_t other = 0; other < count; ++other) {
        if (is_before[other][direct]) is_before[other][task] = true;
      }
    }
  }
  return is_before;
}

std::int32_t width_of(const std::vector<std::vector<TaskId>>& predecessors) {
  const std::size_t count = predecessors.size();
  const std::vector<std::vector<bool>> is_before = transitive_order(predecessors);
  // Chains that cover all tasks: each task has at most one follower, and is that of at most one.
  std::vector<std::int32_t> leader(count, kNone);
  std::int32_t matched = 0;
  for (std::size_t task = 0; task < count; ++task) {
    std::vector<bool> is_tried(count);
    const std::function<bool(std::size_t)> match = [&](std::size_t from) {
      for (std::size_t to = 0; to < count; ++to) {
        if (!is_before[from][to] || is_tried[to]) continue;
        is_tried[to] = true;
        if (leader[to] != kNone && !match(static_cast<std::size_t>(leader[to]))) continue;
        leader[to] = static_cast<std::int32_t>(from);
        return true;
      }
      return false;
    };
    if (match(task)) ++matched;
  }
  return static_cast<std::int32_t>(count) - matched;
}

namespace {

std::size_t pool_of(const std::vector<CoreRange>& groups, const CoreRange& group) {
  const auto at = std::find_if(groups.begin(), groups.end(),
                               [&](const CoreRange& other) { return other.first == group.first; });
  return static_cast<std::size_t>(at - groups.begin());
}

class ProblemBuilder {
 public:
  ProblemBuilder(const Chip& chip, const TaskGraph& graph, const std::vector<TaskOptions>& options)
      : chip_(chip), graph_(graph), options_(options) {}

  ScheduleProblem build() const {
    ScheduleProblem problem;
    for (const CoreRange& group : chip_.tensor_groups()) problem.pools.push_back(group.count);
    for (const CoreRange& group : chip_.vector_groups()) problem.pools.push_back(group.count);
    std::vector<std::vector<Mode>> known(options_.size());
    for (const Task& task : graph_.tasks) {
      std::vector<Mode>& modes = known[task.signature];
      if (modes.empty()) modes = modes_of(task);
      problem.modes.push_back(modes);
      problem.predecessors.push_back(task.predecessors);
    }
    return problem;
  }

 private:
  CoreUse tensor_use(const TaskOption& option) const {
    return {pool_of(chip_.tensor_groups(), option.tensor_group), option.tensor_count()};
  }

  CoreUse vector_use(const TaskOption& option, std::int32_t count) const {
    return {chip_.tensor_groups().size() + pool_of(chip_.vector_groups(), option.vector_group),
            count};
  }

  Mode mode_of(const Task& task, const TaskOption& option) const {
    Mode mode;
    mode.stages.emplace_back();
    mode.stages[0].cycles = option.cycles;
    if (option.contraction) mode.stages[0].uses.push_back(tensor_use(option));
    if (task.has_vector_work()) {
      mode.stages[0].uses.push_back(vector_use(option, option.vector_count()));
    }
    if (option.reduction) {
      const auto count = static_cast<std::int32_t>(
          std::min<std::int64_t>(option.reduction->parts, option.vector_group.count));
      mode.stages.push_back({{vector_use(option, count)}, option.reduction_cycles});
    }
    return mode;
  }

  std::vector<Mode> modes_of(const Task& task) const {
    std::vector<Mode> modes;
    for (const TaskOption& option : options_[task.signature]) {
      modes.push_back(mode_of(task, option));
    }
    if (task.contraction && task.has_vector_work() && task.follow_ups.empty()) {
      add_unfused(task, modes);
    }
    return modes;
  }

  /// The pair as two tasks with the product between them in memory.
  void add_unfused(const Task& task, std::vector<Mode>& modes) const {
    const Tensor& product =
        graph_.graph->tensor(graph_.graph->op(task.operators.front()).outputs[0]);
    const TaskTensor between{product.storage, product.storage_offset, product.bytes()};
    TaskGraph pair;
    pair.graph = graph_.graph;
    pair.signatures = 2;
    pair.tasks = {task, task};
    Task& contraction = pair.tasks[0];
    contraction.vector.clear();
    contraction.inputs.resize(2);
    contraction.outputs = {between};
    contraction.signature = 0;
    Task& chain = pair.tasks[1];
    chain.contraction.reset();
    chain.inputs[0] = between;
    chain.inputs.erase(chain.inputs.begin() + 1);
    chain.signature = 1;
    const std::vector<TaskOptions> options = find_options(chip_, pair);
    for (const TaskOption& first : options[0]) {
      if (first.reduction) continue;  // would need three stages
      for (const TaskOption& second : options[1]) {
        Mode mode = mode_of(contraction, first);
        mode.stages.push_back(mode_of(chain, second).stages.front());
        modes.push_back(std::move(mode));
      }
    }
  }

  const Chip& chip_;
  const TaskGraph& graph_;
  const std::vector<TaskOptions>& options_;
};

}  // namespace

ScheduleProblem make_schedule_problem(const Chip& chip, const TaskGraph& graph,
                                      const std::vector<TaskOptions>& options) {
  return ProblemBuilder(chip, graph, options).build();
}

TaskGraph cut_tasks(const TaskGraph& graph, TaskId first, std::int32_t count) {
  TaskGraph cut;
  cut.graph = graph.graph;
  cut.signatures = graph.signatures;
  cut.tasks.assign(graph.tasks.begin() + first, graph.tasks.begin() + first + count);
  const auto renumber = [&](std::vector<TaskId>& tasks) {
    std::vector<TaskId> inside;
    for (const TaskId task : tasks) {
      if (task >= first && task < first + count) inside.push_back(task - first);
    }
    tasks = std::move(inside);
  };
  for (Task& task : cut.tasks) {
    renumber(task.predecessors);
    renumber(task.successors);
  }
  return cut;
}

std::vector<PlacedStage> place_schedule(const Chip& chip, const TaskGraph& graph,
                                        const std::vector<TaskOptions>& options,
                                        const Schedule& schedule) {
  const std::size_t tensor_pools = chip.tensor_groups().size();
  std::vector<PlacedStage> result;
  for (const ScheduledTask& entry : schedule.entries) {
    const TaskOption& option = options[graph.tasks[entry.task].signature][entry.option];
    PlacedStage placed;
    placed.task = entry.task;
    placed.mode = entry.option;
    placed.stage = entry.is_reduction ? 1 : 0;
    placed.start = entry.start;
    placed.cores.resize(tensor_pools + chip.vector_groups().size());
    if (!entry.is_reduction) {
      for (std::int32_t i = 0; i < option.tensor_count(); ++i) {
        placed.cores[pool_of(chip.tensor_groups(), option.tensor_group)].push_back(
            entry.first_tensor_core - option.tensor_group.first + i);
      }
    }
    for (std::int32_t i = 0; i < entry.vector_count; ++i) {
      placed.cores[tensor_pools + pool_of(chip.vector_groups(), option.vector_group)].push_back(
          schedule.vector_core(entry, i) - option.vector_group.first);
    }
    result.push_back(std::move(placed));
  }
  return result;
}

}  // namespace simdse
