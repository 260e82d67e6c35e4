#include "workloads/operators/pooling.h"

#include "workloads/differentiator.h"
#include "workloads/operators/work.h"

namespace simdse {
namespace {

std::string style_name(PoolingStyle style) {
  return style == PoolingStyle::max ? "max_pool" : "average_pool";
}

/// One instruction per window element; images are the rows.
VectorShape windows_of(const Tensor& output, const Window& window) {
  VectorShape shape;
  shape.rows = output.shape[0] * output.shape[1];
  shape.columns = output.shape[2] * output.shape[3];
  shape.alu_ops = static_cast<int>(window.kernel_elements());
  return shape;
}

}  // namespace

std::string Pooling::name() const { return style_name(style_); }
std::string PoolingGradient::name() const { return style_name(style_) + "_gradient"; }

Work Pooling::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = windows_of(graph.tensor(op.outputs[0]), window_);
  return work;
}

void Pooling::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[0])) return;
  std::vector<TensorId> inputs = {backward.gradient(op.outputs[0])};
  if (style_ == PoolingStyle::max) inputs.push_back(backward.saved(op.inputs[0]));
  backward.contribute(op.inputs[0], backward.add(op, "gradient", Phase::gradient,
                                                 std::make_shared<PoolingGradient>(style_, window_),
                                                 std::move(inputs), op.inputs[0]));
}

Work PoolingGradient::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = windows_of(graph.tensor(op.inputs[0]), window_);
  if (style_ == PoolingStyle::max) work.vector->alu_ops *= 2;  // find the winner again; add
  return work;
}

}  // namespace simdse
