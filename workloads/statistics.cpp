#include "workloads/statistics.h"

#include <algorithm>

namespace simdse {

std::vector<OperatorId> last_readers(const Graph& graph) {
  std::vector<OperatorId> last(graph.tensors().size(), kNone);
  for (const Operator& op : graph.operators()) {
    if (op.kind->is_view()) continue;
    for (const TensorId input : op.inputs) last[graph.tensor(input).storage] = op.id;
  }
  return last;
}

namespace {

bool is_transient(TensorRole role) {
  return role == TensorRole::activation || role == TensorRole::gradient;
}

Bytes peak_activations(const Graph& graph) {
  const std::vector<OperatorId> last = last_readers(graph);
  std::vector<Bytes> freed_after(graph.operators().size());
  std::vector<bool> is_made(graph.tensors().size());
  Bytes live;
  Bytes peak;
  for (const Operator& op : graph.operators()) {
    if (op.kind->is_view()) continue;
    for (const TensorId output : op.outputs) {
      const TensorId owner = graph.tensor(output).storage;
      const Tensor& tensor = graph.tensor(owner);
      if (!is_transient(tensor.role) || is_made[owner]) continue;
      is_made[owner] = true;
      live += tensor.bytes();
      freed_after[std::max(last[owner], op.id)] += tensor.bytes();
    }
    peak = std::max(peak, live);
    live -= freed_after[op.id];
  }
  return peak;
}

}  // namespace

GraphStatistics graph_statistics(const Graph& graph) {
  GraphStatistics result;
  for (std::size_t id = 0; id < graph.tensors().size(); ++id) {
    const Tensor& tensor = graph.tensors()[id];
    if (tensor.storage != static_cast<TensorId>(id)) continue;
    switch (tensor.role) {
      case TensorRole::parameter:
        result.parameters += tensor.elements();
        result.memory.weights += tensor.bytes();
        break;
      case TensorRole::parameter_gradient:
        result.memory.gradients += tensor.bytes();
        break;
      case TensorRole::optimizer_state:
        result.memory.optimizer += tensor.bytes();
        break;
      default:
        break;
    }
  }
  result.memory.activations = peak_activations(graph);
  std::vector<std::int64_t> chain(graph.operators().size());
  std::vector<std::int64_t> chain_macs(graph.operators().size());
  for (const Operator& op : graph.operators()) {
    if (op.kind->is_view()) continue;
    const Work work = graph.work(op.id);
    ++result.operators;
    result.macs += work.macs();
    result.recomputed_macs += op.phase == Phase::recompute ? work.macs() : work.recomputed_macs;
    result.bytes_read += work.bytes_read();
    result.bytes_written += work.bytes_written();
    for (const OperatorId before : graph.predecessors(op.id)) {
      chain[op.id] = std::max(chain[op.id], chain[before]);
      chain_macs[op.id] = std::max(chain_macs[op.id], chain_macs[before]);
    }
    chain[op.id] += 1;
    chain_macs[op.id] += work.macs();
    result.critical_operators = std::max(result.critical_operators, chain[op.id]);
    result.critical_macs = std::max(result.critical_macs, chain_macs[op.id]);
  }
  return result;
}

}  // namespace simdse
