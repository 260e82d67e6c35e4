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

/// Tasks between barriers: a task that all others precede or follow ends a segment.
std::vector<std::vector<TaskId>> find_segments(TaskId count, const Reach& before,
                                               const Reach& behind) {
  std::vector<TaskId> barriers;
  for (TaskId id = 0; id < count; ++id) {
    if (before.count(id) + behind.count(id) + 1 == count) barriers.push_back(id);
  }
  // By the number of those before it. One that is none itself has all barriers on either side.
  std::vector<std::vector<TaskId>> segments(barriers.size() + 1);
  for (TaskId id = 0; id < count; ++id) {
    const auto at = std::count_if(barriers.begin(), barriers.end(),
                                  [&](TaskId barrier) { return before.has(id, barrier); });
    segments[static_cast<std::size_t>(at)].push_back(id);
  }
  segments.erase(std::remove_if(segments.begin(), segments.end(),
                                [](const auto& tasks) { return tasks.empty(); }),
                 segments.end());
  return segments;
}

/// Those of a task's predecessors that none of the others depends on.
std::vector<TaskId> last_of(const std::vector<TaskId>& predecessors, const Reach& before) {
  std::vector<TaskId> last;
  for (const TaskId one : predecessors) {
    const bool is_needed = std::any_of(predecessors.begin(), predecessors.end(),
                                       [&](TaskId other) { return before.has(other, one); });
    if (!is_needed) last.push_back(one);
  }
  return last;
}

/// A segment of `tasks`, whose classes are `class_of`; `last_before` as in TrafficFinder.
Segment segment_of(const std::vector<std::vector<TaskId>>& last_before,
                   const std::vector<TaskId>& tasks, const std::vector<std::int32_t>& class_of) {
  Segment segment;
  std::map<std::int32_t, double> counts;
  for (const TaskId id : tasks) counts[class_of[static_cast<std::size_t>(id)]] += 1;
  segment.classes.assign(counts.begin(), counts.end());
  for (const TaskId id : tasks) {
    const auto at = counts.find(class_of[static_cast<std::size_t>(id)]);
    segment.class_at.push_back(static_cast<std::int32_t>(std::distance(counts.begin(), at)));
    segment.predecessors_begin.push_back(static_cast<std::int32_t>(segment.predecessors.size()));
    for (const TaskId other : last_before[static_cast<std::size_t>(id)]) {
      const auto found = std::lower_bound(tasks.begin(), tasks.end(), other);
      if (found == tasks.end() || *found != other) continue;
      segment.predecessors.push_back(static_cast<std::int32_t>(found - tasks.begin()));
    }
  }
  segment.predecessors_begin.push_back(static_cast<std::int32_t>(segment.predecessors.size()));
  std::vector<bool> is_last(tasks.size(), true);
  for (const std::int32_t before : segment.predecessors) {
    is_last[static_cast<std::size_t>(before)] = false;
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (is_last[i]) segment.last.push_back(static_cast<std::int32_t>(i));
  }
  return segment;
}

}  // namespace

TrafficFinder::TrafficFinder(const TaskGraph& graph)
    : graph_(graph), writers_(graph.graph->tensors().size()), is_far_(graph.tasks.size()) {
  const auto count = static_cast<TaskId>(graph.tasks.size());
  Reach before(graph.tasks.size());
  Reach behind(graph.tasks.size());
  for (TaskId id = 0; id < count; ++id) {
    for (const TaskId other : graph.tasks[id].predecessors) {
      before.add(id, other);
      before.add_all(id, other);
    }
  }
  for (TaskId id = count; id-- > 0;) {
    for (const TaskId other : graph.tasks[id].successors) {
      behind.add(id, other);
      behind.add_all(id, other);
    }
  }
  std::vector<TaskId> writer(writers_.size(), kNone);
  for (TaskId id = 0; id < count; ++id) {
    for (const TaskTensor& output : graph.tasks[id].outputs) {
      ++writers_[output.tensor];
      writer[output.tensor] = id;
    }
  }
  for (TaskId id = 0; id < count; ++id) {
    for (const TaskTensor& input : graph.tasks[id].inputs) {
      const TaskId from = writer[input.tensor];
      is_far_[id].push_back(from != kNone && Reach::common(behind, from, before, id) + 1 > kNearby);
    }
  }
  segments_ = find_segments(count, before, behind);
  for (const Task& task : graph.tasks) last_before_.push_back(last_of(task.predecessors, before));
}

bool TrafficFinder::lives_in_memory(TensorId id, double resident) const {
  const Tensor& tensor = graph_.graph->tensor(id);
  return tensor.role == TensorRole::parameter || tensor.role == TensorRole::optimizer_state ||
         tensor.role == TensorRole::input || writers_[id] != 1 ||
         to_double(tensor.bytes()) > resident;
}

TrafficBound TrafficFinder::find(double resident) const {
  std::vector<bool> must_be_written(writers_.size(), true);
  std::vector<bool> has_far_reader(writers_.size());
  for (std::size_t i = 0; i < graph_.tasks.size(); ++i) {
    const std::vector<TaskTensor>& inputs = graph_.tasks[i].inputs;
    for (std::size_t j = 0; j < inputs.size(); ++j) {
      if (lives_in_memory(inputs[j].tensor, resident)) continue;
      must_be_written[inputs[j].tensor] = false;  // somebody uses it
      if (is_far_[i][j]) has_far_reader[inputs[j].tensor] = true;
    }
  }
  for (std::size_t i = 0; i < writers_.size(); ++i) {
    if (has_far_reader[i]) must_be_written[i] = true;
  }
  TrafficBound result;
  std::vector<std::int32_t> class_of;  // by task
  std::map<std::tuple<std::int32_t, double, double, double>, std::int32_t> known;
  for (std::size_t i = 0; i < graph_.tasks.size(); ++i) {
    const Task& task = graph_.tasks[i];
    TaskClass entry;
    entry.task = &task;
    for (std::size_t j = 0; j < task.inputs.size(); ++j) {
      const double bytes = to_double(task.inputs[j].bytes);
      entry.bytes_in += bytes;
      if (is_far_[i][j] || lives_in_memory(task.inputs[j].tensor, resident)) {
        entry.memory_bytes += bytes;
      }
    }
    for (const TaskTensor& output : task.outputs) {
      const double bytes = to_double(output.bytes);
      entry.bytes_out += bytes;
      if (must_be_written[output.tensor]) entry.memory_bytes += bytes;
    }
    const auto [at, is_new] =
        known.try_emplace({task.signature, entry.memory_bytes, entry.bytes_in, entry.bytes_out},
                          static_cast<std::int32_t>(result.classes.size()));
    if (is_new) result.classes.push_back(entry);
    class_of.push_back(at->second);
  }
  std::map<std::vector<std::int32_t>, std::int32_t> alike;
  for (const std::vector<TaskId>& tasks : segments_) {
    Segment segment = segment_of(last_before_, tasks, class_of);
    std::vector<std::int32_t> key = segment.predecessors;
    for (const auto& [index, times] : segment.classes) key.push_back(index);
    key.insert(key.end(), segment.class_at.begin(), segment.class_at.end());
    key.insert(key.end(), segment.predecessors_begin.begin(), segment.predecessors_begin.end());
    const auto next = static_cast<std::int32_t>(result.segments.size());
    segment.alike = alike.try_emplace(std::move(key), next).first->second;
    result.segments.push_back(std::move(segment));
  }
  return result;
}

}  // namespace simdse
