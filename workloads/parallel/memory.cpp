#include "workloads/parallel/memory.h"

#include <algorithm>

#include "workloads/statistics.h"

namespace simdse {
namespace {

bool is_state(TensorRole role) {
  return role == TensorRole::parameter || role == TensorRole::parameter_gradient ||
         role == TensorRole::optimizer_state;
}

/// Which activations outlive what.
class Lifetimes {
 public:
  Lifetimes(const PipelineStage& stage, const BoundedStep& step)
      : graph_(step.graph),
        classes_(piece_classes(step)),
        made_forward_(graph_.tensors().size()),
        is_gradient_(graph_.tensors().size()),
        kept_(graph_.tensors().size()),
        for_weights_(graph_.tensors().size()) {
    for (const StageTensor& input : stage.inputs) {
      made_forward_[graph_.tensor(input.tensor).storage] = true;
    }
    for (const TensorId given : step.output_gradients) is_gradient_[given] = true;
    for (const Operator& op : graph_.operators()) {
      if (op.kind->is_view()) continue;
      const PieceClass piece_class = classes_[op.id];
      for (const TensorId input : op.inputs) read(graph_.tensor(input).storage, piece_class);
      if (piece_class != PieceClass::forward) continue;
      for (const TensorId output : op.outputs) made_forward_[graph_.tensor(output).storage] = true;
    }
  }

  Bytes kept() const { return total(kept_); }
  Bytes for_weights() const { return total(for_weights_); }

 private:
  void read(TensorId owner, PieceClass reader) {
    const Tensor& tensor = graph_.tensor(owner);
    if (is_state(tensor.role)) return;
    if (reader != PieceClass::forward && made_forward_[owner]) kept_[owner] = true;
    // What is given with the samples does not count.
    const bool is_given =
        tensor.role == TensorRole::input && !made_forward_[owner] && !is_gradient_[owner];
    // A gradient that is added to another, neither, where weight gradients make it.
    const bool is_made_for_weights =
        tensor.producer != kNone && classes_[tensor.producer] == PieceClass::weight_gradient;
    if (reader == PieceClass::weight_gradient && !is_given && !is_made_for_weights) {
      for_weights_[owner] = true;
    }
  }

  Bytes total(const std::vector<bool>& which) const {
    Bytes sum;
    for (std::size_t id = 0; id < which.size(); ++id) {
      if (which[id]) sum += graph_.tensors()[id].bytes();
    }
    return sum;
  }

  const Graph& graph_;
  std::vector<PieceClass> classes_;  ///< by operator
  std::vector<bool> made_forward_;   ///< by owner of bytes
  std::vector<bool> is_gradient_;    ///< from the next stage
  std::vector<bool> kept_;
  std::vector<bool> for_weights_;
};

Bytes share(Bytes bytes, std::int64_t parts) { return Bytes(ceil_div(bytes.value(), parts)); }

}  // namespace

PartNeed part_need(const PipelineStage& stage, const BoundedStep& step) {
  const GraphStatistics statistics = graph_statistics(step.graph);
  const Lifetimes lifetimes(stage, step);
  PartNeed need;
  need.parameters = statistics.memory.weights;
  need.gradients = statistics.memory.gradients;
  need.optimizer = statistics.memory.optimizer;
  need.largest_parameters = need.parameters;
  need.largest_gradients = need.gradients;
  need.kept = lifetimes.kept();
  need.for_weights = lifetimes.for_weights();
  // The peak holds all that is kept, at the turn from forward to backward at the latest; what comes
  // from the neighbours is no activation of the graph's own.
  Bytes at_once = statistics.memory.activations + stage.bytes_in();
  for (const TensorId given : step.output_gradients) at_once += step.graph.tensor(given).bytes();
  need.working = std::max(Bytes(0), at_once - need.kept);
  return need;
}

PartNeed operator+(const PartNeed& x, const PartNeed& y) {
  PartNeed sum;
  sum.parameters = x.parameters + y.parameters;
  sum.gradients = x.gradients + y.gradients;
  sum.optimizer = x.optimizer + y.optimizer;
  sum.largest_parameters = std::max(x.largest_parameters, y.largest_parameters);
  sum.largest_gradients = std::max(x.largest_gradients, y.largest_gradients);
  sum.kept = x.kept + y.kept;
  sum.for_weights = x.for_weights + y.for_weights;
  sum.working = std::max(x.working, y.working);
  return sum;
}

ChipMemory chip_memory(const PartNeed& need, Bytes activations, std::int64_t data, int zero) {
  ChipMemory memory;
  memory.parameters = zero >= 3 ? share(need.parameters, data) : need.parameters;
  memory.gradients = zero >= 3 ? share(need.gradients, data) : need.gradients;
  memory.optimizer = zero >= 1 ? share(need.optimizer, data) : need.optimizer;
  memory.activations = activations;
  memory.working = need.working;
  if (zero >= 3 && data > 1) {
    memory.working += need.largest_parameters * 2 + need.largest_gradients;
  }
  return memory;
}

}  // namespace simdse
