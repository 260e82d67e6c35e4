#include "workloads/operators/attention.h"

#include "workloads/differentiator.h"
#include "workloads/operators/work.h"

namespace simdse {
namespace {

constexpr int kDropoutOps = 8;  // random number 6, compare, select-multiply; as Dropout

/// Scores: rows of q against keys, for each sample and group.
ContractionShape scores_of(const Tensor& q, const Tensor& keys_values) {
  const Shape& kv = keys_values.shape;
  const std::int64_t batch = kv[1] * kv[3];
  return {batch, q.elements() / batch / kv[4], kv[2], kv[4]};
}

VectorShape elements_of(const ContractionShape& scores) {
  VectorShape shape;
  shape.rows = scores.batch * scores.m;
  shape.columns = scores.n;
  return shape;
}

}  // namespace

Work Attention::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.contraction = scores_of(graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]));
  work.follow_ups = {
      {ContractionAxis::m, ContractionAxis::k, ContractionAxis::n}};  // context = P V
  work.vector = elements_of(*work.contraction);
  // scale; running maximum; subtract; sum; and the correction of the context when a maximum rises
  work.vector->alu_ops = 5 + (constants_.dropout > 0 ? kDropoutOps : 0);
  work.vector->special_ops = 1;  // exp
  work.vector->reductions = 2;   // maximum and sum
  return work;
}

void Attention::differentiate(Differentiator& backward, const Operator& op) const {
  const std::vector<TensorId> gradients = backward.add(
      op, "gradient", Phase::gradient, std::make_shared<AttentionGradient>(constants_),
      {backward.saved(op.inputs[0]), backward.saved(op.inputs[1]), backward.gradient(op.outputs[0]),
       backward.saved(op.outputs[0]), backward.saved(op.outputs[1])},
      op.inputs);
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    if (backward.needs_gradient(op.inputs[i])) backward.contribute(op.inputs[i], gradients[i]);
  }
}

Work AttentionGradient::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.contraction = scores_of(graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]));
  work.follow_ups = {{ContractionAxis::m, ContractionAxis::n, ContractionAxis::k},   // dP = dO V^T
                     {ContractionAxis::n, ContractionAxis::k, ContractionAxis::m},   // dV = P^T dO
                     {ContractionAxis::n, ContractionAxis::k, ContractionAxis::m},   // dK = dS^T Q
                     {ContractionAxis::m, ContractionAxis::k, ContractionAxis::n}};  // dQ = dS K
  work.recomputed_macs = work.contraction->macs();
  work.vector = elements_of(*work.contraction);
  // scale and subtract the logarithm 2; dP - sum, times P, times scale 3; rowsum(dO O), spread 1
  work.vector->alu_ops = 6 + (constants_.dropout > 0 ? kDropoutOps + 2 : 0);
  work.vector->special_ops = 1;  // exp
  work.vector->reductions = 1;   // rowsum(dO O)
  return work;
}

}  // namespace simdse
