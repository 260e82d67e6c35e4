#include "workloads/operators/local_response.h"

#include "workloads/differentiator.h"
#include "workloads/operators/work.h"

namespace simdse {

Work LocalResponse::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.outputs[0]));
  // one multiply-add per channel of the window; scale and bias 1, multiply 1; log and exp for the
  // power
  work.vector->alu_ops = static_cast<int>(constants_.size) + 2;
  work.vector->special_ops = 2;
  return work;
}

void LocalResponse::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[0])) return;
  backward.contribute(
      op.inputs[0],
      backward.add(op, "gradient", Phase::gradient,
                   std::make_shared<LocalResponseGradient>(constants_),
                   {backward.gradient(op.outputs[0]), backward.saved(op.inputs[0])}, op.inputs[0]));
}

Work LocalResponseGradient::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.outputs[0]));
  // d as forward: size + 1; dy / d^beta 1; dy y / d 2; its sum over the window: size; two for dx
  work.vector->alu_ops = 2 * static_cast<int>(constants_.size) + 6;
  work.vector->special_ops = 3;  // log, exp, 1 / d
  return work;
}

}  // namespace simdse
