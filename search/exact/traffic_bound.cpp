#include "search/exact/traffic_bound.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "search/schedule/allocator.h"

namespace simdse {
namespace {

/// Which tasks a task can reach, as bits.
class Reach {
 public:
  explicit Reach(std::size_t tasks) : words_((tasks + 63) / 64), bits_(tasks * words_) {}

  void add(TaskId from, TaskId to) {
    word(from, static_cast<std::size_t>(to) / 64) |= std::uint64_t{1} << (to % 64);
  }
  void add_all(TaskId to, TaskId of) {
    for (std::size_t i = 0; i < words_; ++i) word(to, i) |= word(of, i);
  }
  bool has(TaskId from, TaskId to) const {
    return (word(from, static_cast<std::size_t>(to) / 64) >> (to % 64) & 1) != 0;
  }
  std::int64_t count(TaskId of) const { return common(*this, of, *this, of); }
  static std::int64_t common(const Reach& a, TaskId x, const Reach& b, TaskId y) {
    std::int64_t count = 0;
    for (std::size_t i = 0; i < a.words_; ++i) {
      count += __builtin_popcountll(a.word(x, i) & b.word(y, i));
    }
    return count;
  }

 private:
  std::uint64_t& word(TaskId task, std::size_t i) {
    return bits_[static_cast<std::size_t>(task) * words_ + i];
  }
  std::uint64_t word(TaskId task, std::size_t i) const {
    return bits_[static_cast<std::size_t>(task) * words_ + i];
  }

  std::size_t words_;
  std::vector<std::uint64_t> bits_;
};

class Finder {
 public:
  Finder(const TaskGraph& graph, double resident)
      : graph_(graph),
        resident_(resident),
        before_(graph.tasks.size()),
        behind_(graph.tasks.size()),
        writers_(graph.graph->tensors().size()),
        writer_(writers_.size(), kNone),
        must_be_written_(writers_.size(), true) {
    const auto count = static_cast<TaskId>(graph.tasks.size());
    for (TaskId id = 0; id < count; ++id) {
      for (const TaskId other : graph.tasks[id].predecessors) {
        before_.add(id, other);
        before_.add_all(id, other);
      }
    }
    for (TaskId id = count; id-- > 0;) {
      for (const TaskId other : graph.tasks[id].successors) {
        behind_.add(id, other);
        behind_.add_all(id, other);
      }
    }
    for (TaskId id = 0; id < count; ++id) {
      for (const TaskTensor& output : graph.tasks[id].outputs) {
        ++writers_[output.tensor];
        writer_[output.tensor] = id;
      }
    }
    find_what_may_stay();
  }

  TrafficBound find() const {
    TrafficBound result;
    std::map<std::tuple<std::int32_t, double, double, double>, std::int32_t> known;
    for (std::size_t i = 0; i < graph_.tasks.size(); ++i) {
      const Task& task = graph_.tasks[i];
      TaskClass entry;
      entry.task = &task;
      for (const TaskTensor& input : task.inputs) {
        const double bytes = to_double(input.bytes);
        entry.bytes_in += bytes;
        if (must_be_read(input.tensor, static_cast<TaskId>(i))) entry.memory_bytes += bytes;
      }
      for (const TaskTensor& output : task.outputs) {
        const double bytes = to_double(output.bytes);
        entry.bytes_out += bytes;
        if (must_be_written_[output.tensor]) entry.memory_bytes += bytes;
      }
      const auto [at, is_new] =
          known.try_emplace({task.signature, entry.memory_bytes, entry.bytes_in, entry.bytes_out},
                            static_cast<std::int32_t>(result.classes.size()));
      if (is_new) result.classes.push_back(entry);
      result.class_of.push_back(at->second);
    }
    find_segments(result);
    return result;
  }

 private:
  /// A task that all others precede or follow ends a segment.
  void find_segments(TrafficBound& result) const {
    const auto count = static_cast<TaskId>(graph_.tasks.size());
    std::vector<TaskId> barriers;
    for (TaskId id = 0; id < count; ++id) {
      if (before_.count(id) + behind_.count(id) + 1 == count) barriers.push_back(id);
    }
    // By the number of those before it. One that is none itself has all barriers on either side.
    std::vector<std::map<std::int32_t, double>> classes(barriers.size() + 1);
    result.segments.resize(barriers.size() + 1);
    for (TaskId id = 0; id < count; ++id) {
      std::int32_t segment = 0;
      for (const TaskId barrier : barriers) segment += before_.has(id, barrier);
      const auto at = static_cast<std::size_t>(segment);
      result.segment_of.push_back(segment);
      result.segments[at].tasks.push_back(id);
      classes[at][result.class_of[static_cast<std::size_t>(id)]] += 1;
    }
    for (std::size_t i = 0; i < classes.size(); ++i) {
      result.segments[i].classes.assign(classes[i].begin(), classes[i].end());
    }
  }

  bool lives_in_memory(TensorId id) const {
    const Tensor& tensor = graph_.graph->tensor(id);
    return tensor.role == TensorRole::parameter || tensor.role == TensorRole::optimizer_state ||
           tensor.role == TensorRole::input || writers_[id] != 1 ||
           to_double(tensor.bytes()) > resident_;
  }

  bool is_far(TaskId writer, TaskId reader) const {
    return Reach::common(behind_, writer, before_, reader) + 1 > kNearby;
  }

  bool must_be_read(TensorId tensor, TaskId reader) const {
    return lives_in_memory(tensor) || is_far(writer_[tensor], reader);
  }

  void find_what_may_stay() {
    std::vector<bool> has_far_reader(writers_.size());
    for (std::size_t i = 0; i < graph_.tasks.size(); ++i) {
      for (const TaskTensor& input : graph_.tasks[i].inputs) {
        if (lives_in_memory(input.tensor)) continue;
        must_be_written_[input.tensor] = false;  // somebody uses it
        if (is_far(writer_[input.tensor], static_cast<TaskId>(i))) {
          has_far_reader[input.tensor] = true;
        }
      }
    }
    for (std::size_t i = 0; i < writers_.size(); ++i) {
      if (has_far_reader[i]) must_be_written_[i] = true;
    }
  }

  const TaskGraph& graph_;
  double resident_;
  Reach before_;
  Reach behind_;
  std::vector<std::int32_t> writers_;
  std::vector<TaskId> writer_;
  std::vector<bool> must_be_written_;
};

}  // namespace

TrafficBound bound_traffic(const TaskGraph& graph, double resident) {
  return Finder(graph, resident).find();
}

}  // namespace simdse
