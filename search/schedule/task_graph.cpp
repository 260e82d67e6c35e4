#include "search/schedule/task_graph.h"

#include <algorithm>
#include <map>
#include <string>

namespace simdse {

Bytes Task::bytes_in() const {
  Bytes total;
  for (const TaskTensor& input : inputs) total += input.bytes;
  return total;
}

Bytes Task::bytes_out() const {
  Bytes total;
  for (const TaskTensor& output : outputs) total += output.bytes;
  return total;
}

namespace {

class Builder {
 public:
  Builder(const Graph& graph, const KernelRules& rules)
      : graph_(graph), rules_(rules), groups_(fuse_operators(graph, rules)) {}

  TaskGraph build() {
    task_of_.assign(graph_.operators().size(), kNone);
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      for (const OperatorId op : groups_[i]) task_of_[op] = static_cast<TaskId>(i);
    }
    TaskGraph result;
    result.graph = &graph_;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      result.tasks.push_back(make_task(static_cast<TaskId>(i)));
    }
    for (std::size_t i = 0; i < result.tasks.size(); ++i) {
      for (const TaskId before : result.tasks[i].predecessors) {
        result.tasks[before].successors.push_back(static_cast<TaskId>(i));
      }
    }
    result.signatures = static_cast<std::int32_t>(signatures_.size());
    return result;
  }

 private:
  /// True when someone outside `task` reads the tensor, or nobody does (a result of the iteration).
  bool leaves(TensorId tensor, TaskId task) const {
    const std::vector<OperatorId>& consumers = graph_.tensor(tensor).consumers;
    return consumers.empty() ||
           std::any_of(consumers.begin(), consumers.end(),
                       [&](OperatorId consumer) { return task_of_[consumer] != task; });
  }

  Task make_task(TaskId id) {
    Task task;
    task.operators = groups_[id];
    for (const OperatorId op_id : task.operators) {
      const Operator& op = graph_.op(op_id);
      const Work work = graph_.work(op_id);
      if (work.contraction) {
        task.contraction = work.contraction;
        task.format = operand_format(graph_, op);
      }
      if (!work.follow_ups.empty()) task.follow_ups = work.follow_ups;
      if (work.vector) task.vector.push_back(*work.vector);
      for (std::size_t i = 0; i < op.inputs.size(); ++i) {
        const Tensor& tensor = graph_.tensor(op.inputs[i]);
        const bool is_internal = tensor.producer != kNone && task_of_[tensor.producer] == id;
        if (!is_internal) add(task.inputs, tensor, work.read[i], work.contraction.has_value());
      }
      for (std::size_t i = 0; i < op.outputs.size(); ++i) {
        if (!leaves(op.outputs[i], id)) continue;
        add(task.outputs, graph_.tensor(op.outputs[i]), work.written[i], true);
      }
      for (const OperatorId before : graph_.predecessors(op_id)) {
        if (task_of_[before] != id) task.predecessors.push_back(task_of_[before]);
      }
    }
    if (rules_.in_order && id > 0) task.predecessors.push_back(id - 1);
    std::sort(task.predecessors.begin(), task.predecessors.end());
    task.predecessors.erase(std::unique(task.predecessors.begin(), task.predecessors.end()),
                            task.predecessors.end());
    task.signature = signature_of(task);
    return task;
  }

  /// A tensor that several operators of a chain read is read once; both operands of a contraction
  /// are kept apart even if they are the same tensor.
  static void add(std::vector<TaskTensor>& list, const Tensor& tensor, Bytes bytes,
                  bool keep_apart) {
    const TaskTensor entry{tensor.storage, tensor.storage_offset, bytes};
    if (!keep_apart) {
      for (const TaskTensor& known : list) {
        if (known.tensor == entry.tensor && known.offset == entry.offset) return;
      }
    }
    list.push_back(entry);
  }

  std::int32_t signature_of(const Task& task) {
    std::vector<std::int64_t> key;
    if (task.contraction) {
      const ContractionShape& c = *task.contraction;
      key = {c.batch, c.m, c.n, c.k, task.format.bits};
      for (const FollowUp& f : task.follow_ups) {
        for (const ContractionAxis axis : {f.rows, f.columns, f.sum}) {
          key.push_back(static_cast<std::int64_t>(axis));
        }
      }
    }
    key.push_back(-1);
    for (const VectorShape& v : task.vector) {
      key.insert(key.end(), {v.rows, v.columns, v.alu_ops, v.special_ops, v.reductions, v.passes});
    }
    key.push_back(-1);
    for (const TaskTensor& input : task.inputs) key.push_back(input.bytes.value());
    key.push_back(-1);
    for (const TaskTensor& output : task.outputs) key.push_back(output.bytes.value());
    const auto next = static_cast<std::int32_t>(signatures_.size());
    return signatures_.emplace(std::move(key), next).first->second;
  }

  const Graph& graph_;
  const KernelRules& rules_;
  std::vector<OperatorGroup> groups_;
  std::vector<TaskId> task_of_;
  std::map<std::vector<std::int64_t>, std::int32_t> signatures_;
};

double least_memory(const Graph& graph, const std::vector<Bytes>& tensor_bytes) {
  double lasting = 0;
  for (std::size_t id = 0; id < graph.tensors().size(); ++id) {
    const Tensor& tensor = graph.tensors()[id];
    const bool is_lasting =
        tensor.role == TensorRole::parameter || tensor.role == TensorRole::optimizer_state;
    if (is_lasting && tensor.storage == static_cast<TensorId>(id)) {
      lasting += to_double(tensor_bytes[id]);
    }
  }
  double largest = 0;
  std::vector<TensorId> owners;
  for (const Operator& op : graph.operators()) {
    if (op.kind->is_view()) continue;
    owners.clear();
    for (const TensorId tensor : op.inputs) owners.push_back(graph.tensor(tensor).storage);
    for (const TensorId tensor : op.outputs) owners.push_back(graph.tensor(tensor).storage);
    std::sort(owners.begin(), owners.end());
    owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
    double bytes = 0;
    for (const TensorId owner : owners) {
      const TensorRole role = graph.tensor(owner).role;
      if (role == TensorRole::activation || role == TensorRole::gradient) {
        bytes += to_double(tensor_bytes[owner]);
      }
    }
    largest = std::max(largest, bytes);
  }
  return lasting + largest;
}

}  // namespace

NumberFormat product_format(const TaskGraph& graph) {
  std::map<std::string, double> macs;
  NumberFormat result = number_format("bf16");
  double most = 0;
  for (const Task& task : graph.tasks) {
    if (!task.contraction) continue;
    double& sum = macs[task.format.name];
    sum += static_cast<double>(task.contraction->macs());
    if (sum <= most) continue;
    most = sum;
    result = task.format;
  }
  return result;
}

TaskGraph build_task_graph(const Graph& graph, const KernelRules& rules) {
  TaskGraph result = Builder(graph, rules).build();
  for (const Tensor& tensor : graph.tensors()) result.tensor_bytes.push_back(tensor.bytes());
  result.least_memory = least_memory(graph, result.tensor_bytes);
  return result;
}

}  // namespace simdse
