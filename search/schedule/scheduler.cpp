#include "search/schedule/scheduler.h"

#include <algorithm>
#include <limits>

namespace simdse {
namespace {

/// A task that waited for cores, and one that had taken them before it was ready.
struct Conflict {
  TaskId waiting = kNone;
  TaskId blocker = kNone;
  double wait = 0;
};

class Scheduler {
 public:
  Scheduler(const Chip& chip, const TaskGraph& graph, const std::vector<TaskOptions>& options,
            const CriticalPath& path)
      : graph_(graph),
        path_(path),
        lists_(chip, graph, options, path),
        tries_left_(std::clamp(kTasksTried / static_cast<int>(graph.tasks.size() + 1), 4, 16)) {}

  Schedule run() {
    for (const Rivals rivals : {Rivals::critical, Rivals::all}) {
      ListRules rules;
      rules.rivals = rivals;
      keep_if_shorter(rules);
    }
    while (tries_left_ > 0 && improve()) {
    }
    return std::move(best_);
  }

 private:
  bool keep_if_shorter(const ListRules& rules) {
    --tries_left_;
    const bool is_first = best_.entries.empty();
    const double limit = is_first ? std::numeric_limits<double>::infinity()
                                  : best_.makespan * (1 - kLeastShortening);
    Schedule schedule = lists_.schedule(rules, limit);
    if (!is_first && schedule.makespan >= limit) return false;
    best_ = std::move(schedule);
    rules_ = rules;
    return true;
  }

  /// Holds back all that is in the way, or else the one that costs most.
  bool improve() {
    std::vector<Conflict> conflicts = find_conflicts();
    if (conflicts.empty()) return false;
    if (keep_if_shorter(with_holds(conflicts.begin(), conflicts.end()))) return true;
    std::stable_sort(conflicts.begin(), conflicts.end(),
                     [](const Conflict& a, const Conflict& b) { return a.wait > b.wait; });
    for (auto at = conflicts.begin(); at != conflicts.end() && tries_left_ > 0; ++at) {
      if (conflicts.size() > 1 && keep_if_shorter(with_holds(at, at + 1))) return true;
    }
    return false;
  }

  ListRules with_holds(std::vector<Conflict>::const_iterator begin,
                       std::vector<Conflict>::const_iterator end) const {
    ListRules rules = rules_;
    for (auto at = begin; at != end; ++at) rules.holds[at->blocker].push_back(at->waiting);
    return rules;
  }

  bool is_on_tensor_cores(const ScheduledTask& entry) const {
    return !entry.is_reduction && graph_.tasks[entry.task].contraction.has_value();
  }

  /// Walks back from the end: what did each task of the chain wait for?
  std::vector<Conflict> find_conflicts() const {
    std::vector<Conflict> conflicts;
    const std::vector<ScheduledTask>& entries = best_.entries;
    const auto last =
        std::max_element(entries.begin(), entries.end(),
                         [](const auto& a, const auto& b) { return a.finish < b.finish; });
    // By finish, to find what ended when something began.
    std::vector<const ScheduledTask*> by_finish;
    by_finish.reserve(entries.size());
    // The latest finish of all entries up to each, to find the first that was not over at a time.
    std::vector<double> all_over;
    all_over.reserve(entries.size());
    for (const ScheduledTask& entry : entries) {
      by_finish.push_back(&entry);
      all_over.push_back(all_over.empty() ? entry.finish : std::max(all_over.back(), entry.finish));
    }
    std::sort(by_finish.begin(), by_finish.end(),
              [](const auto* a, const auto* b) { return a->finish < b->finish; });
    const ScheduledTask* at = &*last;
    while (at != nullptr) {
      if (at->start > at->ready) {
        const auto first = std::upper_bound(all_over.begin(), all_over.end(), at->ready);
        add_conflicts(*at, static_cast<std::size_t>(first - all_over.begin()), conflicts);
      }
      const double begin = at->start;
      const auto before =
          std::lower_bound(by_finish.begin(), by_finish.end(), begin,
                           [](const ScheduledTask* e, double time) { return e->finish < time; });
      const ScheduledTask* next = nullptr;
      for (auto e = before; e != by_finish.end() && (*e)->finish == begin; ++e) {
        if (*e == at || (*e)->start >= begin) continue;
        // Where it waited for cores, what had them; else any that it depends on.
        if (next == nullptr || is_on_tensor_cores(**e) == is_on_tensor_cores(*at)) next = *e;
      }
      at = next;
    }
    return conflicts;
  }

  /// `first`: entries before it were over when it was ready.
  void add_conflicts(const ScheduledTask& waiting, std::size_t first,
                     std::vector<Conflict>& conflicts) const {
    for (std::size_t i = first; i < best_.entries.size(); ++i) {
      const ScheduledTask& other = best_.entries[i];
      if (other.start >= waiting.ready) break;  // entries are in the order of their starts
      if (other.finish <= waiting.ready || other.task == waiting.task || other.is_reduction) {
        continue;
      }
      if (path_.slack(other.task) <= path_.slack(waiting.task)) continue;
      if (is_on_tensor_cores(other) != is_on_tensor_cores(waiting)) continue;
      conflicts.push_back({waiting.task, other.task, waiting.start - waiting.ready});
    }
  }

  static constexpr double kLeastShortening = 1e-6;
  /// Tasks scheduled in all, so that a large graph costs a few times what one schedule does.
  static constexpr int kTasksTried = 8000;

  const TaskGraph& graph_;
  const CriticalPath& path_;
  ListScheduler lists_;
  ListRules rules_;
  Schedule best_;
  int tries_left_;
};

}  // namespace

Schedule schedule_tasks(const Chip& chip, const TaskGraph& graph,
                        const std::vector<TaskOptions>& options, const CriticalPath& path) {
  return Scheduler(chip, graph, options, path).run();
}

}  // namespace simdse
