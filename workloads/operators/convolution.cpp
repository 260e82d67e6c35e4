#include "workloads/operators/convolution.h"

#include "workloads/differentiator.h"
#include "workloads/operators/work.h"

namespace simdse {
namespace {

/// Sizes of the forward product: pixels x filters x (channels x window), per group.
struct Sizes {
  std::int64_t pixels, filters, channels, window;
};

Sizes sizes_of(const Tensor& y, const Tensor& weights, std::int64_t groups) {
  return {y.shape[0] * y.shape[2] * y.shape[3], weights.shape[0] / groups, weights.shape[1],
          weights.shape[2] * weights.shape[3]};
}

}  // namespace

Work Convolution::work(const Graph& graph, const Operator& op) const {
  const Sizes s = sizes_of(graph.tensor(op.outputs[0]), graph.tensor(op.inputs[1]), groups_);
  Work work = whole_tensors(graph, op);
  work.contraction = ContractionShape{groups_, s.pixels, s.filters, s.channels * s.window};
  return work;
}

void Convolution::differentiate(Differentiator& backward, const Operator& op) const {
  const TensorId dy = backward.gradient(op.outputs[0]);
  if (backward.needs_gradient(op.inputs[0])) {
    backward.contribute(op.inputs[0],
                        backward.add(op, "input_gradient", Phase::input_gradient,
                                     std::make_shared<ConvolutionInputGradient>(window_, groups_),
                                     {dy, backward.saved(op.inputs[1])}, op.inputs[0]));
  }
  if (!backward.needs_gradient(op.inputs[1])) return;
  backward.contribute(op.inputs[1],
                      backward.add(op, "weight_gradient", Phase::weight_gradient,
                                   std::make_shared<ConvolutionWeightGradient>(window_, groups_),
                                   {dy, backward.saved(op.inputs[0])}, op.inputs[1]));
}

Work ConvolutionInputGradient::work(const Graph& graph, const Operator& op) const {
  const Sizes s = sizes_of(graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), groups_);
  Work work = whole_tensors(graph, op);
  work.contraction = ContractionShape{groups_, s.pixels, s.channels, s.filters * s.window};
  return work;
}

Work ConvolutionWeightGradient::work(const Graph& graph, const Operator& op) const {
  const Sizes s = sizes_of(graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0]), groups_);
  Work work = whole_tensors(graph, op);
  work.contraction = ContractionShape{groups_, s.filters, s.channels * s.window, s.pixels};
  return work;
}

}  // namespace simdse
