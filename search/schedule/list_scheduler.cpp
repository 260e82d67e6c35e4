#include "search/schedule/list_scheduler.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

namespace simdse {
namespace {

constexpr double kEndless = std::numeric_limits<double>::infinity();

}  // namespace

ListScheduler::Cores::Cores(std::size_t count, const std::vector<CoreRange>& groups)
    : group_of(count), is_idle(count), idle_in(count), free_at(count) {
  for (const CoreRange& group : groups) {
    for (std::int32_t i = 0; i < group.count; ++i) group_of[group.first + i] = group.first;
  }
}

void ListScheduler::Cores::reset(const std::vector<CoreRange>& groups) {
  std::fill(is_idle.begin(), is_idle.end(), 1);
  std::fill(free_at.begin(), free_at.end(), 0.0);
  for (const CoreRange& group : groups) idle_in[group.first] = group.count;
  idle = static_cast<std::int32_t>(is_idle.size());
}

void ListScheduler::Cores::take(std::int32_t core) {
  is_idle[core] = 0;
  --idle_in[group_of[core]];
  --idle;
}

void ListScheduler::Cores::give_back(std::int32_t core) {
  is_idle[core] = 1;
  ++idle_in[group_of[core]];
  ++idle;
}

ListScheduler::ListScheduler(const Chip& chip, const TaskGraph& graph,
                             const std::vector<TaskOptions>& options, const CriticalPath& path)
    : chip_(chip),
      graph_(graph),
      options_(options),
      path_(path),
      ways_(options.size()),
      rank_(graph.tasks.size()),
      tensor_(chip.tensor_cores().size(), chip.tensor_groups()),
      vector_(chip.vector_cores().size(), chip.vector_groups()) {
  for (std::size_t i = 0; i < options.size(); ++i) {
    for (const TaskOption& option : options[i]) {
      ways_[i].push_back({option.tensor_count(), option.vector_count(), option.tensor_group,
                          option.vector_group, option.cycles, option.total_cycles(),
                          option.reduction.has_value()});
    }
  }
  const auto count = static_cast<TaskId>(graph.tasks.size());
  for (TaskId task = 0; task < count; ++task) {
    kinds_.push_back(graph.tasks[task].contraction ? CoreKind::tensor : CoreKind::vector);
    slack_.push_back(path.slack(task));
    rest_.push_back(path.length - path.latest[task]);
  }
  std::vector<TaskId> order(graph.tasks.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](TaskId x, TaskId y) {
    return std::tie(slack_[x], path.latest[x], path.height[y], x) <
           std::tie(slack_[y], path.latest[y], path.height[x], y);
  });
  for (TaskId i = 0; i < count; ++i) rank_[order[i]] = i;
}

Schedule ListScheduler::schedule(const ListRules& rules, double limit) {
  rules_ = &rules;
  limit_ = limit;
  is_over_limit_ = false;
  result_ = {};
  result_.entries.reserve(graph_.tasks.size());
  now_ = 0;
  ready_.clear();
  ready_tasks_ = {};
  running_ = {};
  has_started_.assign(graph_.tasks.size(), 0);
  waiting_for_.resize(graph_.tasks.size());
  tensor_.reset(chip_.tensor_groups());
  vector_.reset(chip_.vector_groups());
  for (std::size_t i = 0; i < graph_.tasks.size(); ++i) {
    waiting_for_[i] = graph_.tasks[i].predecessors.size();
    if (waiting_for_[i] == 0) make_ready(static_cast<TaskId>(i), kNone);
  }
  start_what_fits();
  while (!running_.empty() && !is_over_limit_) {
    now_ = running_.top().first;
    while (!running_.empty() && running_.top().first == now_) {
      const std::int32_t entry = running_.top().second;
      running_.pop();
      finish(entry);
    }
    start_what_fits();
  }
  // What is held back for what never starts makes no schedule.
  result_.makespan = ready_.empty() && !is_over_limit_ ? now_ : kEndless;
  return std::move(result_);
}

void ListScheduler::make_ready(TaskId task, std::int32_t reduction_of) {
  const Ready ready{rank_[task], task, reduction_of, now_};
  const auto at = std::upper_bound(ready_.begin(), ready_.end(), ready,
                                   [](const Ready& x, const Ready& y) { return x.rank < y.rank; });
  ready_.insert(at, ready);
  if (reduction_of != kNone) return;
  ++ready_tasks_[static_cast<std::size_t>(kinds_[task])];
  check_limit(task);
}

void ListScheduler::check_limit(TaskId task) {
  // The latencies on the longest path, which a schedule may add up in another order.
  constexpr double rounding = 1 - 1e-9;
  if ((now_ + rest_[task]) * rounding >= limit_) is_over_limit_ = true;
}

void ListScheduler::finish(std::int32_t index) {
  const ScheduledTask& entry = result_.entries[index];
  const TaskOption& option = option_of(entry);
  if (!entry.is_reduction) {
    for (std::int32_t i = 0; i < option.tensor_count(); ++i) {
      tensor_.give_back(entry.first_tensor_core + i);
    }
  }
  for (std::int32_t i = 0; i < entry.vector_count; ++i) {
    vector_.give_back(result_.vector_core(entry, i));
  }
  if (option.reduction && !entry.is_reduction) {
    make_ready(entry.task, index);
    return;
  }
  for (const TaskId next : graph_.tasks[entry.task].successors) {
    if (--waiting_for_[next] == 0) make_ready(next, kNone);
  }
}

const TaskOption& ListScheduler::option_of(const ScheduledTask& entry) const {
  return options_[graph_.tasks[entry.task].signature][entry.option];
}

std::int32_t ListScheduler::find_tensor_cores(const CoreRange& group, std::int32_t count) const {
  std::int32_t run = 0;
  for (std::int32_t core = group.first; core < group.first + group.count; ++core) {
    run = tensor_.is_idle[core] ? run + 1 : 0;
    if (run == count) return core - count + 1;
  }
  return kNone;
}

void ListScheduler::start_what_fits() {
  reserved_.clear();
  passed_tasks_ = {};
  std::size_t left = 0;  // what can't be started stays, in its order
  std::size_t at = 0;
  for (; at < ready_.size() && (tensor_.idle > 0 || vector_.idle > 0); ++at) {
    const Ready& ready = ready_[at];
    const bool is_task = ready.reduction_of == kNone;
    const auto kind = static_cast<std::size_t>(kinds_[ready.task]);
    // Without an idle core of its kind nothing starts; and what else a contraction would wait for
    // then makes no difference to any other.
    const Cores& needed = is_task && is_contraction(ready.task) ? tensor_ : vector_;
    if (needed.idle > 0 && try_start(at)) {
      if (is_task) --ready_tasks_[kind];
      continue;
    }
    if (is_task) ++passed_tasks_[kind];
    ready_[left++] = ready;
  }
  ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(left),
               ready_.begin() + static_cast<std::ptrdiff_t>(at));
}

/// Ready tasks for the same kind of core that it divides the idle ones with, itself included.
/// Where only those count that are as critical, the others make do with what is left.
std::int32_t ListScheduler::count_rivals(std::size_t at) const {
  const CoreKind kind = kinds_[ready_[at].task];
  if (rules_->rivals == Rivals::all) return ready_tasks_[static_cast<std::size_t>(kind)];
  std::int32_t count = passed_tasks_[static_cast<std::size_t>(kind)];
  for (std::size_t i = at; i < ready_.size(); ++i) {
    const Ready& other = ready_[i];
    if (slack_[other.task] > slack_[ready_[at].task]) break;
    count += other.reduction_of == kNone && kinds_[other.task] == kind;
  }
  return count;
}

bool ListScheduler::is_held_back(TaskId task) const {
  const auto held = rules_->holds.find(task);
  return held != rules_->holds.end() &&
         std::any_of(held->second.begin(), held->second.end(),
                     [&](TaskId first) { return !has_started_[first]; });
}

bool ListScheduler::try_start(std::size_t at) {
  const Ready ready = ready_[at];
  if (ready.reduction_of != kNone) return try_start_reduction(ready);
  if (is_held_back(ready.task)) return false;
  const Task& task = graph_.tasks[ready.task];
  const std::vector<Way>& ways = ways_[task.signature];
  const std::int32_t rivals = count_rivals(at);
  std::int32_t best = kNone;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    if (best != kNone && !(ways[i].total_cycles < ways[best].total_cycles)) continue;
    if (fits(ways[i], rivals)) best = static_cast<std::int32_t>(i);
  }
  if (is_contraction(ready.task) && path_.is_critical(ready.task)) {
    const double now = best == kNone ? kEndless : now_ + ways[best].total_cycles;
    if (is_worth_waiting(ways, rivals, now)) return false;
  }
  if (best == kNone) return false;
  const Way& way = ways[best];
  ScheduledTask entry;
  entry.task = ready.task;
  entry.option = best;
  if (way.tensor_count > 0) {
    entry.first_tensor_core = find_tensor_cores(way.tensor_group, way.tensor_count);
    for (std::int32_t i = 0; i < way.tensor_count; ++i) tensor_.take(entry.first_tensor_core + i);
  }
  if (task.has_vector_work()) {
    take_vector_cores(way.vector_group, way.vector_count, entry);
  }
  start(entry, way.cycles, ready);
  return true;
}

/// True when a critical contraction is done earlier than at `finish_now` if it waits for more
/// cores, which are then reserved.
bool ListScheduler::is_worth_waiting(const std::vector<Way>& ways, std::int32_t rivals,
                                     double finish_now) {
  double least = finish_now;
  double start = kEndless;
  std::int32_t group = kNone;
  for (const Way& way : ways) {
    if (way.tensor_count > std::max(1, way.tensor_group.count / std::max(1, rivals))) continue;
    const double free = free_time(way);
    if (free + way.total_cycles >= least) continue;
    least = free + way.total_cycles;
    start = free;
    group = way.tensor_group.first;
  }
  if (start == kEndless || start <= now_) return false;
  reserve(group, start);
  return true;
}

/// When the cores for an option are free together, if nothing else takes them.
double ListScheduler::free_time(const Way& way) {
  const CoreRange& group = way.tensor_group;
  double first = kEndless;
  for (std::int32_t core = group.first; core + way.tensor_count <= group.first + group.count;
       ++core) {
    const auto begin = tensor_.free_at.begin() + core;
    first = std::min(first, *std::max_element(begin, begin + way.tensor_count));
  }
  if (!way.has_reduction && way.vector_group.count > 0) {
    const auto begin = vector_.free_at.begin() + way.vector_group.first;
    times_.assign(begin, begin + way.vector_group.count);
    const auto last = times_.begin() + (way.vector_count - 1);
    std::nth_element(times_.begin(), last, times_.end());
    first = std::max(first, *last);
  }
  return std::max(first, now_);
}

bool ListScheduler::try_start_reduction(const Ready& ready) {
  const ScheduledTask& main = result_.entries[ready.reduction_of];
  const TaskOption& option = option_of(main);
  const auto count = static_cast<std::int32_t>(option.reduction->parts);
  if (vector_.idle_in[option.vector_group.first] < count) return false;
  ScheduledTask entry;
  entry.task = ready.task;
  entry.option = main.option;
  entry.is_reduction = true;
  take_vector_cores(option.vector_group, count, entry);
  start(entry, option.reduction_cycles, ready);
  return true;
}

double ListScheduler::reserved_from(std::int32_t group) const {
  for (const auto& [first, from] : reserved_) {
    if (first == group) return from;
  }
  return kEndless;
}

void ListScheduler::reserve(std::int32_t group, double start) {
  for (auto& [first, from] : reserved_) {
    if (first != group) continue;
    from = std::min(from, start);
    return;
  }
  reserved_.emplace_back(group, start);
}

bool ListScheduler::fits(const Way& way, std::int32_t rivals) const {
  const auto fair = [rivals](std::int32_t idle) { return std::max(1, idle / std::max(1, rivals)); };
  if (way.tensor_count > 0) {
    if (now_ + way.cycles > reserved_from(way.tensor_group.first)) return false;
    if (way.tensor_count > fair(tensor_.idle_in[way.tensor_group.first])) return false;
    if (find_tensor_cores(way.tensor_group, way.tensor_count) == kNone) return false;
    // A reduction takes its vector cores later.
    if (way.has_reduction || way.vector_group.count == 0) return true;
    return vector_.idle_in[way.vector_group.first] >= way.vector_count;
  }
  const std::int32_t idle = vector_.idle_in[way.vector_group.first];
  return idle >= way.vector_count && way.vector_count <= fair(idle);
}

void ListScheduler::take_vector_cores(const CoreRange& group, std::int32_t count,
                                      ScheduledTask& entry) {
  entry.vector_cores_begin = static_cast<std::int32_t>(result_.vector_cores.size());
  for (std::int32_t core = group.first; core < group.first + group.count; ++core) {
    if (entry.vector_count == count) break;
    if (!vector_.is_idle[core]) continue;
    vector_.take(core);
    result_.vector_cores.push_back(core);
    ++entry.vector_count;
  }
}

void ListScheduler::start(ScheduledTask entry, double cycles, const Ready& ready) {
  has_started_[entry.task] = 1;
  if (!entry.is_reduction) check_limit(entry.task);
  entry.ready = ready.since;
  entry.start = now_;
  entry.finish = now_ + cycles;
  const bool is_tensor = !entry.is_reduction && is_contraction(ready.task);
  if (is_tensor) {
    for (std::int32_t i = 0; i < option_of(entry).tensor_count(); ++i) {
      tensor_.free_at[entry.first_tensor_core + i] = entry.finish;
    }
  }
  for (std::int32_t i = 0; i < entry.vector_count; ++i) {
    vector_.free_at[result_.vector_core(entry, i)] = entry.finish;
  }
  if (path_.is_critical(ready.task)) {
    (is_tensor ? result_.tensor_conflict : result_.vector_conflict) += now_ - ready.since;
  }
  running_.emplace(entry.finish, static_cast<std::int32_t>(result_.entries.size()));
  result_.entries.push_back(entry);
}

}  // namespace simdse
