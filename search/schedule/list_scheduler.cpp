#include "search/schedule/list_scheduler.h"

#include <algorithm>
#include <limits>
#include <map>
#include <queue>
#include <set>
#include <tuple>

namespace simdse {
namespace {

/// What waits to be started: a task, or the reduction behind it.
struct Ready {
  double slack = 0;
  double latest = 0;
  std::int32_t negative_height = 0;
  TaskId task = kNone;
  std::int32_t reduction_of = kNone;  ///< index of the entry whose partial sums it adds up
  double since = 0;

  friend bool operator<(const Ready& x, const Ready& y) {
    return std::tie(x.slack, x.latest, x.negative_height, x.task, x.reduction_of) <
           std::tie(y.slack, y.latest, y.negative_height, y.task, y.reduction_of);
  }
};

constexpr double kNever = std::numeric_limits<double>::infinity();

class ListScheduler {
 public:
  ListScheduler(const Chip& chip, const TaskGraph& graph, const std::vector<TaskOptions>& options,
                const CriticalPath& path, const ListRules& rules)
      : graph_(graph),
        options_(options),
        path_(path),
        rules_(rules),
        has_started_(graph.tasks.size()),
        tensor_free_at_(chip.tensor_cores().size()),
        vector_free_at_(chip.vector_cores().size()),
        tensor_idle_(chip.tensor_cores().size(), true),
        vector_idle_(chip.vector_cores().size(), true),
        waiting_for_(graph.tasks.size()) {}

  Schedule run() {
    for (std::size_t i = 0; i < graph_.tasks.size(); ++i) {
      waiting_for_[i] = graph_.tasks[i].predecessors.size();
      if (waiting_for_[i] == 0) make_ready(static_cast<TaskId>(i), kNone);
    }
    start_what_fits();
    while (!running_.empty()) {
      now_ = running_.top().first;
      while (!running_.empty() && running_.top().first == now_) {
        const std::int32_t entry = running_.top().second;
        running_.pop();
        finish(entry);
      }
      start_what_fits();
    }
    // What is held back for what never starts makes no schedule.
    result_.makespan = ready_.empty() ? now_ : kNever;
    return std::move(result_);
  }

 private:
  bool is_contraction(TaskId task) const { return graph_.tasks[task].contraction.has_value(); }

  void make_ready(TaskId task, std::int32_t reduction_of) {
    ready_.insert(
        {path_.slack(task), path_.latest[task], -path_.height[task], task, reduction_of, now_});
  }

  void finish(std::int32_t index) {
    const ScheduledTask entry = result_.entries[index];
    const TaskOption& option = option_of(entry);
    if (!entry.is_reduction) {
      for (std::int32_t i = 0; i < option.tensor_count(); ++i) {
        tensor_idle_[entry.first_tensor_core + i] = true;
      }
    }
    for (const std::int32_t core : entry.vector_cores) vector_idle_[core] = true;
    if (option.reduction && !entry.is_reduction) {
      make_ready(entry.task, index);
      return;
    }
    for (const TaskId next : graph_.tasks[entry.task].successors) {
      if (--waiting_for_[next] == 0) make_ready(next, kNone);
    }
  }

  const TaskOption& option_of(const ScheduledTask& entry) const {
    return options_[graph_.tasks[entry.task].signature][entry.option];
  }

  /// First of `count` neighbouring idle tensor cores of a group, or kNone.
  std::int32_t find_tensor_cores(const CoreRange& group, std::int32_t count) const {
    std::int32_t run = 0;
    for (std::int32_t core = group.first; core < group.first + group.count; ++core) {
      run = tensor_idle_[core] ? run + 1 : 0;
      if (run == count) return core - count + 1;
    }
    return kNone;
  }

  std::int32_t idle_in(const std::vector<bool>& idle, const CoreRange& group) const {
    return static_cast<std::int32_t>(
        std::count(idle.begin() + group.first, idle.begin() + group.first + group.count, true));
  }

  void start_what_fits() {
    reserved_from_.clear();
    for (auto at = ready_.begin(); at != ready_.end();) {
      const bool no_tensor =
          std::find(tensor_idle_.begin(), tensor_idle_.end(), true) == tensor_idle_.end();
      const bool no_vector =
          std::find(vector_idle_.begin(), vector_idle_.end(), true) == vector_idle_.end();
      if (no_tensor && no_vector) return;
      const Ready ready = *at;
      at = try_start(ready) ? ready_.erase(at) : std::next(at);
    }
  }

  /// Ready tasks for the same kind of core that it divides the idle ones with, itself included.
  /// Where only those count that are as critical, the others make do with what is left.
  std::int32_t count_rivals(const Ready& ready) const {
    std::int32_t count = 0;
    for (const Ready& other : ready_) {
      if (rules_.rivals == Rivals::critical && other.slack > ready.slack) break;
      if (other.reduction_of == kNone && is_contraction(other.task) == is_contraction(ready.task)) {
        ++count;
      }
    }
    return count;
  }

  bool is_held_back(TaskId task) const {
    const auto held = rules_.holds.find(task);
    return held != rules_.holds.end() &&
           std::any_of(held->second.begin(), held->second.end(),
                       [&](TaskId first) { return !has_started_[first]; });
  }

  bool try_start(const Ready& ready) {
    if (ready.reduction_of != kNone) return try_start_reduction(ready);
    if (is_held_back(ready.task)) return false;
    const TaskOptions& options = options_[graph_.tasks[ready.task].signature];
    const std::int32_t rivals = count_rivals(ready);
    std::int32_t best = kNone;
    for (std::size_t i = 0; i < options.size(); ++i) {
      const TaskOption& option = options[i];
      if (!fits(option, rivals)) continue;
      if (best == kNone || option.total_cycles() < options[best].total_cycles()) {
        best = static_cast<std::int32_t>(i);
      }
    }
    if (is_contraction(ready.task) && path_.is_critical(ready.task)) {
      const double now = best == kNone ? kNever : now_ + options[best].total_cycles();
      if (is_worth_waiting(options, rivals, now)) return false;
    }
    if (best == kNone) return false;
    const TaskOption& option = options[best];
    ScheduledTask entry;
    entry.task = ready.task;
    entry.option = best;
    if (option.contraction) {
      entry.first_tensor_core = find_tensor_cores(option.tensor_group, option.tensor_count());
      for (std::int32_t i = 0; i < option.tensor_count(); ++i) {
        tensor_idle_[entry.first_tensor_core + i] = false;
      }
    }
    if (graph_.tasks[ready.task].has_vector_work()) {
      entry.vector_cores = take_vector_cores(option.vector_group, option.vector_count());
    }
    start(std::move(entry), option.cycles, ready);
    return true;
  }

  /// True when a critical contraction is done earlier than at `finish_now` if it waits for more
  /// cores, which are then reserved.
  bool is_worth_waiting(const TaskOptions& options, std::int32_t rivals, double finish_now) {
    double least = finish_now;
    double start = kNever;
    std::int32_t group = kNone;
    for (const TaskOption& option : options) {
      if (option.tensor_count() > std::max(1, option.tensor_group.count / std::max(1, rivals)))
        continue;
      const double free = free_time(option);
      if (free + option.total_cycles() >= least) continue;
      least = free + option.total_cycles();
      start = free;
      group = option.tensor_group.first;
    }
    if (start == kNever || start <= now_) return false;
    double& reserved = reserved_from_.try_emplace(group, kNever).first->second;
    reserved = std::min(reserved, start);
    return true;
  }

  /// When the cores for an option are free together, if nothing else takes them.
  double free_time(const TaskOption& option) const {
    const CoreRange& group = option.tensor_group;
    double first = kNever;
    for (std::int32_t core = group.first; core + option.tensor_count() <= group.first + group.count;
         ++core) {
      const auto begin = tensor_free_at_.begin() + core;
      first = std::min(first, *std::max_element(begin, begin + option.tensor_count()));
    }
    if (!option.reduction && option.vector_group.count > 0) {
      const auto begin = vector_free_at_.begin() + option.vector_group.first;
      std::vector<double> times(begin, begin + option.vector_group.count);
      std::sort(times.begin(), times.end());
      first = std::max(first, times[option.vector_count() - 1]);
    }
    return std::max(first, now_);
  }

  bool try_start_reduction(const Ready& ready) {
    const ScheduledTask& main = result_.entries[ready.reduction_of];
    const TaskOption& option = option_of(main);
    const auto count = static_cast<std::int32_t>(option.reduction->parts);
    if (idle_in(vector_idle_, option.vector_group) < count) return false;
    ScheduledTask entry;
    entry.task = ready.task;
    entry.option = main.option;
    entry.is_reduction = true;
    entry.vector_cores = take_vector_cores(option.vector_group, count);
    start(std::move(entry), option.reduction_cycles, ready);
    return true;
  }

  bool fits(const TaskOption& option, std::int32_t rivals) const {
    const auto fair = [rivals](std::int32_t idle) {
      return std::max(1, idle / std::max(1, rivals));
    };
    if (option.contraction) {
      const auto reserved = reserved_from_.find(option.tensor_group.first);
      if (reserved != reserved_from_.end() && now_ + option.cycles > reserved->second) return false;
      if (option.tensor_count() > fair(idle_in(tensor_idle_, option.tensor_group))) return false;
      if (find_tensor_cores(option.tensor_group, option.tensor_count()) == kNone) return false;
      // A reduction takes its vector cores later.
      if (option.reduction || option.vector_group.count == 0) return true;
      return idle_in(vector_idle_, option.vector_group) >= option.vector_count();
    }
    const std::int32_t idle = idle_in(vector_idle_, option.vector_group);
    return idle >= option.vector_count() && option.vector_count() <= fair(idle);
  }

  std::vector<std::int32_t> take_vector_cores(const CoreRange& group, std::int32_t count) {
    std::vector<std::int32_t> cores;
    for (std::int32_t core = group.first; core < group.first + group.count; ++core) {
      if (static_cast<std::int32_t>(cores.size()) == count) break;
      if (!vector_idle_[core]) continue;
      vector_idle_[core] = false;
      cores.push_back(core);
    }
    return cores;
  }

  void start(ScheduledTask entry, double cycles, const Ready& ready) {
    has_started_[entry.task] = true;
    entry.ready = ready.since;
    entry.start = now_;
    entry.finish = now_ + cycles;
    if (is_contraction(ready.task) && !entry.is_reduction) {
      for (std::int32_t i = 0; i < option_of(entry).tensor_count(); ++i) {
        tensor_free_at_[entry.first_tensor_core + i] = entry.finish;
      }
    }
    for (const std::int32_t core : entry.vector_cores) vector_free_at_[core] = entry.finish;
    if (path_.is_critical(ready.task)) {
      const bool is_tensor = !entry.is_reduction && is_contraction(ready.task);
      (is_tensor ? result_.tensor_conflict : result_.vector_conflict) += now_ - ready.since;
    }
    running_.emplace(entry.finish, static_cast<std::int32_t>(result_.entries.size()));
    result_.entries.push_back(std::move(entry));
  }

  const TaskGraph& graph_;
  const std::vector<TaskOptions>& options_;
  const CriticalPath& path_;
  const ListRules& rules_;
  std::vector<bool> has_started_;
  std::vector<double> tensor_free_at_;  ///< when the last task of each core finishes
  std::vector<double> vector_free_at_;
  std::vector<bool> tensor_idle_;
  std::vector<bool> vector_idle_;
  /// By the first core of a group: a critical contraction waits until then for more of its cores;
  /// what would still run is not started on any of them.
  std::map<std::int32_t, double> reserved_from_;
  std::vector<std::size_t> waiting_for_;
  std::set<Ready> ready_;
  using Running = std::pair<double, std::int32_t>;  // finish, entry
  std::priority_queue<Running, std::vector<Running>, std::greater<>> running_;
  double now_ = 0;
  Schedule result_;
};

}  // namespace

Schedule list_schedule(const Chip& chip, const TaskGraph& graph,
                       const std::vector<TaskOptions>& options, const CriticalPath& path,
                       const ListRules& rules) {
  return ListScheduler(chip, graph, options, path, rules).run();
}

}  // namespace simdse
