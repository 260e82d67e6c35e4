#include "workloads/operators/opaque.h"

#include <algorithm>

#include "workloads/differentiator.h"
#include "workloads/operators/work.h"

namespace simdse {

Work Opaque::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  TensorId largest = op.outputs[0];
  const auto consider = [&](TensorId tensor) {
    if (graph.tensor(tensor).elements() > graph.tensor(largest).elements()) largest = tensor;
  };
  std::for_each(op.inputs.begin(), op.inputs.end(), consider);
  std::for_each(op.outputs.begin(), op.outputs.end(), consider);
  work.vector = rows_of(graph.tensor(largest));
  return work;
}

void Opaque::differentiate(Differentiator& backward, const Operator& op) const {
  std::vector<TensorId> inputs;
  for (const TensorId output : op.outputs) {
    if (backward.gradient(output) != kNone) inputs.push_back(backward.gradient(output));
  }
  std::vector<TensorId> wanted;
  for (const TensorId input : op.inputs) {
    inputs.push_back(backward.saved(input));
    if (backward.needs_gradient(input)) wanted.push_back(input);
  }
  if (wanted.empty()) return;
  const std::vector<TensorId> gradients =
      backward.add(op, "gradient", Phase::gradient,
                   std::make_shared<Opaque>(meaning_ + " gradient"), inputs, wanted);
  for (std::size_t i = 0; i < wanted.size(); ++i) backward.contribute(wanted[i], gradients[i]);
}

}  // namespace simdse
