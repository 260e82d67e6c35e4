#include "workloads/operators/dropout.h"

#include "workloads/differentiator.h"
#include "workloads/operators/work.h"

namespace simdse {

Work Dropout::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.outputs[0]));
  work.vector->alu_ops =
      8;  // random number (6: shifts and exclusive-ors), compare, select-multiply
  return work;
}

void Dropout::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[0])) return;
  backward.contribute(
      op.inputs[0],
      backward.add(op, "gradient", Phase::gradient, std::make_shared<DropoutGradient>(rate_),
                   {backward.gradient(op.outputs[0]), backward.saved(op.outputs[1])},
                   op.inputs[0]));
}

Work DropoutGradient::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.outputs[0]));
  work.vector->alu_ops = 2;  // select, multiply
  return work;
}

}  // namespace simdse
