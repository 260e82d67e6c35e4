// What every plan of a workload must move through the memory, whatever the schedule.
#pragma once

#include <cstdint>
#include <vector>

#include "search/schedule/task_graph.h"

namespace simdse {

/// Tasks that are bounded alike: equal work, and equal bytes that no plan keeps from the memory.
struct TaskClass {
  const Task* task = nullptr;
  double memory_bytes = 0;  ///< to and from memory, at least
  double bytes_in = 0;      ///< from wherever
  double bytes_out = 0;
};

/// Tasks between two that every other task either precedes or follows, the latter included:
/// whatever the schedule, all of them run after those of the segment before and before those of the
/// next.
struct Segment {
  /// Classes of the tasks, each once, and how many tasks of each there are.
  std::vector<std::pair<std::int32_t, double>> classes;
  /// By task, in topological order: index into `classes`.
  std::vector<std::int32_t> class_at;
  /// Tasks of the segment that a task depends on, without those that another of them depends on, as
  /// indices into `class_at`: those of task i stand from `predecessors_begin[i]` to before
  /// `predecessors_begin[i + 1]`. No path through the segment is longer for the others.
  std::vector<std::int32_t> predecessors;
  std::vector<std::int32_t> predecessors_begin;
  /// Tasks that no other one of the segment depends on, as indices into `class_at`.
  std::vector<std::int32_t> last;
  /// The first segment that is like this one in all of it; it may be itself.
  std::int32_t alike = 0;
};

struct TrafficBound {
  std::vector<TaskClass> classes;
  std::vector<Segment> segments;  ///< none is empty
};

/// Finds what the allocator can't keep in a buffer whose area for tensors has `resident` bytes:
///   - parameters, optimizer state and inputs live in memory;
///   - so does what is larger than that area, or put together by several tasks;
///   - what is used far behind its making (see kNearby) is written to memory and read from there.
///     Two tasks are at least as far apart as there are tasks that must lie between them: those
///     that depend on the one and that the other depends on;
///   - what nobody uses is written to memory.
class TrafficFinder {
 public:
  /// `graph` must outlive the finder.
  explicit TrafficFinder(const TaskGraph& graph);

  TrafficBound find(double resident) const;

 private:
  bool lives_in_memory(TensorId id, double resident) const;

  const TaskGraph& graph_;
  std::vector<std::int32_t> writers_;             ///< by tensor
  std::vector<std::vector<bool>> is_far_;         ///< by task and input: used far behind its making
  std::vector<std::vector<TaskId>> segments_;     ///< tasks of each, in topological order
  std::vector<std::vector<TaskId>> last_before_;  ///< by task: predecessors that no other one needs
};

}  // namespace simdse
