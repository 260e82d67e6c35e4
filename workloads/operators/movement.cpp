#include "workloads/operators/movement.h"

#include <algorithm>

#include "workloads/differentiator.h"
#include "workloads/operators/view.h"
#include "workloads/operators/work.h"

namespace simdse {
namespace {

/// One instruction for each element that is moved; `moved` has them all.
Work moving(const Graph& graph, const Operator& op, TensorId moved) {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(moved));
  return work;
}

}  // namespace

Work Slice::work(const Graph& graph, const Operator& op) const {
  Work work = moving(graph, op, op.outputs[0]);
  work.read[0] = work.written[0];  // only what is kept is read
  return work;
}

void Slice::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[0])) return;
  backward.contribute(op.inputs[0],
                      backward.add(op, "gradient", Phase::gradient, std::make_shared<Pad>(starts_),
                                   {backward.gradient(op.outputs[0])}, op.inputs[0]));
}

Work Pad::work(const Graph& graph, const Operator& op) const {
  return moving(graph, op, op.outputs[0]);
}

void Pad::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[0])) return;
  backward.contribute(
      op.inputs[0], backward.add(op, "gradient", Phase::gradient, std::make_shared<Slice>(starts_),
                                 {backward.gradient(op.outputs[0])}, op.inputs[0]));
}

Work Transpose::work(const Graph& graph, const Operator& op) const {
  return moving(graph, op, op.outputs[0]);
}

void Transpose::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[0])) return;
  std::vector<std::size_t> inverse(order_.size());
  for (std::size_t i = 0; i < order_.size(); ++i) inverse[order_[i]] = i;
  backward.contribute(op.inputs[0], backward.add(op, "gradient", Phase::gradient,
                                                 std::make_shared<Transpose>(std::move(inverse)),
                                                 {backward.gradient(op.outputs[0])}, op.inputs[0]));
}

Work Concat::work(const Graph& graph, const Operator& op) const {
  return moving(graph, op, op.outputs[0]);
}

void Concat::differentiate(Differentiator& backward, const Operator& op) const {
  const auto needs = [&](TensorId input) { return backward.needs_gradient(input); };
  if (std::none_of(op.inputs.begin(), op.inputs.end(), needs)) return;
  const std::vector<TensorId> parts =
      backward.add(op, "gradient", Phase::gradient, std::make_shared<Split>(axis_),
                   {backward.gradient(op.outputs[0])}, op.inputs);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (needs(op.inputs[i])) backward.contribute(op.inputs[i], parts[i]);
  }
}

Work StackCopy::work(const Graph& graph, const Operator& op) const {
  return moving(graph, op, op.outputs[0]);
}

void StackCopy::differentiate(Differentiator& backward, const Operator& op) const {
  differentiate_stack(backward, op);
}

Work Split::work(const Graph& graph, const Operator& op) const {
  return moving(graph, op, op.inputs[0]);
}

void Split::differentiate(Differentiator& backward, const Operator& op) const {
  const TensorId whole = op.inputs[0];
  if (!backward.needs_gradient(whole)) return;
  std::vector<TensorId> gradients;
  for (const TensorId output : op.outputs) gradients.push_back(backward.gradient(output));
  if (std::count(gradients.begin(), gradients.end(), kNone) == 0) {
    backward.contribute(whole, backward.add(op, "gradient", Phase::gradient,
                                            std::make_shared<Concat>(axis_), gradients, whole));
    return;
  }
  Shape starts(backward.graph().tensor(whole).shape.size(), 0);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (gradients[i] != kNone) {
      backward.contribute(whole,
                          backward.add(op, "gradient" + std::to_string(i), Phase::gradient,
                                       std::make_shared<Pad>(starts), {gradients[i]}, whole));
    }
    starts[axis_] += backward.graph().tensor(op.outputs[i]).shape[axis_];
  }
}

}  // namespace simdse
