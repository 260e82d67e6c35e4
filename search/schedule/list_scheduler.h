// List scheduling by criticality.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <queue>
#include <utility>
#include <vector>

#include "search/schedule/critical_path.h"

namespace simdse {

enum class CoreKind { tensor, vector };

/// One run of a task, or of the reduction that ends a K split.
struct ScheduledTask {
  TaskId task = kNone;
  std::int32_t option = 0;  ///< index into the task's options
  bool is_reduction = false;
  std::int32_t first_tensor_core = 0;
  std::int32_t vector_cores_begin = 0;  ///< in Schedule::vector_cores
  std::int32_t vector_count = 0;
  double ready = 0;  ///< when all that it depends on had finished
  double start = 0;
  double finish = 0;
};

struct Schedule {
  std::vector<ScheduledTask> entries;      ///< in the order of their starts
  std::vector<std::int32_t> vector_cores;  ///< that the entries hold, one entry's after the other's
  double makespan = 0;
  /// Cycles that critical tasks waited only because all cores of a kind were busy.
  double tensor_conflict = 0;
  double vector_conflict = 0;

  /// Core `i` of the `vector_count` distinct ones that an entry holds.
  std::int32_t vector_core(const ScheduledTask& entry, std::int32_t i) const {
    return vector_cores[static_cast<std::size_t>(entry.vector_cores_begin + i)];
  }
};

/// With whom a ready task divides the idle cores.
enum class Rivals {
  critical,  ///< those at least as critical: they run on many cores each, one after another
  all,       ///< all that are ready: they run side by side, on few cores each
};

struct ListRules {
  Rivals rivals = Rivals::critical;
  /// Tasks that don't start before others have: cores are kept free for these.
  std::map<TaskId, std::vector<TaskId>> holds;
};

/// Starts, whenever cores are free, the ready task of least slack, then least latest start, then
/// greatest height, on as many cores as shorten it most while leaving some to its ready rivals.
class ListScheduler {
 public:
  /// All must outlive the scheduler.
  ListScheduler(const Chip& chip, const TaskGraph& graph, const std::vector<TaskOptions>& options,
                const CriticalPath& path);

  /// The makespan is infinite if tasks are held back for each other in a circle, or as soon as it
  /// is clear that it won't be less than `limit`; then the schedule breaks off.
  Schedule schedule(const ListRules& rules, double limit);

 private:
  /// What is asked of an option again and again.
  struct Way {
    std::int32_t tensor_count = 0;
    std::int32_t vector_count = 0;
    CoreRange tensor_group;
    CoreRange vector_group;
    double cycles = 0;
    double total_cycles = 0;
    bool has_reduction = false;
  };
  /// What waits to be started: a task, or the reduction behind it.
  struct Ready {
    std::int32_t rank = 0;  ///< of the task, in the order in which tasks are started
    TaskId task = kNone;
    std::int32_t reduction_of = kNone;  ///< index of the entry whose partial sums it adds up
    double since = 0;
  };
  /// Cores of one kind.
  struct Cores {
    std::vector<std::int32_t> group_of;  ///< first core of the group of each
    std::vector<char> is_idle;
    std::vector<std::int32_t> idle_in;  ///< by the first core of a group
    std::int32_t idle = 0;
    std::vector<double> free_at;  ///< when the last task of each finishes

    Cores(std::size_t count, const std::vector<CoreRange>& groups);
    void reset(const std::vector<CoreRange>& groups);
    void take(std::int32_t core);
    void give_back(std::int32_t core);
  };

  bool is_contraction(TaskId task) const { return kinds_[task] == CoreKind::tensor; }
  void make_ready(TaskId task, std::int32_t reduction_of);
  /// Gives up if what follows from a task, which does not start before now, lasts to the limit.
  void check_limit(TaskId task);
  void finish(std::int32_t index);
  const TaskOption& option_of(const ScheduledTask& entry) const;
  /// First of `count` neighbouring idle tensor cores of a group, or kNone.
  std::int32_t find_tensor_cores(const CoreRange& group, std::int32_t count) const;
  void start_what_fits();
  std::int32_t count_rivals(std::size_t at) const;
  bool is_held_back(TaskId task) const;
  /// Starts the ready task at `at` if it can be.
  bool try_start(std::size_t at);
  bool try_start_reduction(const Ready& ready);
  bool is_worth_waiting(const std::vector<Way>& ways, std::int32_t rivals, double finish_now);
  double free_time(const Way& way);
  double reserved_from(std::int32_t group) const;
  void reserve(std::int32_t group, double start);
  bool fits(const Way& way, std::int32_t rivals) const;
  void take_vector_cores(const CoreRange& group, std::int32_t count, ScheduledTask& entry);
  void start(ScheduledTask entry, double cycles, const Ready& ready);

  // The same for all schedules.
  const Chip& chip_;
  const TaskGraph& graph_;
  const std::vector<TaskOptions>& options_;
  const CriticalPath& path_;
  std::vector<std::vector<Way>> ways_;  ///< by signature, as the options
  std::vector<CoreKind> kinds_;         ///< by task: what it runs on
  std::vector<double> slack_;           ///< by task
  std::vector<double> rest_;            ///< by task: from its start to the end at least
  std::vector<std::int32_t> rank_;      ///< by task

  // Of the schedule in the making.
  const ListRules* rules_ = nullptr;
  double limit_ = 0;
  bool is_over_limit_ = false;
  std::vector<char> has_started_;
  Cores tensor_;
  Cores vector_;
  /// By the first core of a group: a critical contraction waits until then for more of its cores;
  /// what would still run is not started on any of them.
  std::vector<std::pair<std::int32_t, double>> reserved_;
  std::vector<std::size_t> waiting_for_;
  std::vector<Ready> ready_;  ///< in the order of their ranks
  /// Tasks among them, without reductions, by kind: all, and those before the one that is looked
  /// at.
  std::array<std::int32_t, 2> ready_tasks_{};
  std::array<std::int32_t, 2> passed_tasks_{};
  using Running = std::pair<double, std::int32_t>;  // finish, entry
  std::priority_queue<Running, std::vector<Running>, std::greater<>> running_;
  double now_ = 0;
  Schedule result_;
  std::vector<double> times_;  ///< scratch
};

}  // namespace simdse
