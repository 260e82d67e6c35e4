#include "workloads/operators/rotary.h"

#include "workloads/differentiator.h"
#include "workloads/operators/work.h"

namespace simdse {

Work Rotary::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.outputs[0]));
  work.vector->alu_ops = 3;  // exchange the halves; multiply; multiply-add
  return work;
}

void Rotary::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[0])) return;
  backward.contribute(
      op.inputs[0],
      backward.add(op, "gradient", Phase::gradient, std::make_shared<Rotary>(!is_inverse_),
                   {backward.gradient(op.outputs[0]), backward.saved(op.inputs[1])}, op.inputs[0]));
}

}  // namespace simdse
