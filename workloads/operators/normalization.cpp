#include "workloads/operators/normalization.h"

#include "workloads/differentiator.h"
#include "workloads/operators/work.h"

namespace simdse {
namespace {

std::string style_name(NormalizationStyle style) {
  switch (style) {
    case NormalizationStyle::layer:
      return "layer_norm";
    case NormalizationStyle::rms:
      return "rms_norm";
    case NormalizationStyle::batch:
      return "batch_norm";
    case NormalizationStyle::group:
      return "group_norm";
  }
  return "";
}

/// The elements that share a mean form a row: for a batch normalisation all those of a channel.
VectorShape statistics_rows(const Tensor& tensor, NormalizationStyle style, std::int64_t groups) {
  VectorShape shape = rows_of(tensor);
  if (style == NormalizationStyle::batch) shape.rows = tensor.shape[1];
  if (style == NormalizationStyle::group) shape.rows = tensor.shape[0] * groups;
  shape.columns = tensor.elements() / shape.rows;
  return shape;
}

}  // namespace

std::string Normalization::name() const { return style_name(style_); }
std::string NormalizationGradient::name() const { return style_name(style_) + "_gradient"; }

Work Normalization::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = statistics_rows(graph.tensor(op.inputs[0]), style_, groups_);
  if (style_ == NormalizationStyle::rms) {
    work.vector->alu_ops = 3;  // multiply-add into the sum of squares; two multiplies
    work.vector->reductions = 1;
    work.vector->passes = 2;
  } else if (style_ == NormalizationStyle::batch) {
    work.vector->alu_ops = 3;  // sum; sum of squares; one multiply-add with the folded scale
    work.vector->reductions = 2;
    work.vector->passes = 2;
  } else {
    // sum; subtract and multiply-add into the variance; subtract, multiply, multiply-add
    work.vector->alu_ops = 6;
    work.vector->reductions = 2;
    work.vector->passes = 3;
  }
  return work;
}

void Normalization::differentiate(Differentiator& backward, const Operator& op) const {
  std::vector<TensorId> inputs = {backward.gradient(op.outputs[0]), backward.saved(op.inputs[0]),
                                  backward.saved(op.inputs[1])};
  for (std::size_t i = 1; i < op.outputs.size(); ++i) {
    inputs.push_back(backward.saved(op.outputs[i]));
  }
  const std::vector<TensorId> outputs = backward.add(
      op, "gradient", Phase::gradient, std::make_shared<NormalizationGradient>(style_, groups_),
      std::move(inputs), op.inputs);
  for (std::size_t i = 0; i < op.inputs.size(); ++i) backward.contribute(op.inputs[i], outputs[i]);
}

Work NormalizationGradient::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = statistics_rows(graph.tensor(op.inputs[0]), style_, groups_);
  if (style_ == NormalizationStyle::rms) {
    // sum of squares; normalise; dy x scale; sum of its product with x; two for dx; one for dscale
    work.vector->alu_ops = 7;
    work.vector->reductions = 2;
    work.vector->passes = 2;
  } else if (style_ == NormalizationStyle::batch) {
    // normalise 1, two sums 2 (which are dscale and dshift); normalise 1, three for dx
    work.vector->alu_ops = 7;
    work.vector->reductions = 2;
    work.vector->passes = 2;
  } else {
    // mean 1, variance 2, normalise 2, dy x scale 1, two sums 2, dx 3, dscale 1, dshift 1
    work.vector->alu_ops = 13;
    work.vector->reductions = 4;
    work.vector->passes = 4;
  }
  return work;
}

}  // namespace simdse
