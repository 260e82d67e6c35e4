#include "workloads/operators/softmax.h"

#include "workloads/differentiator.h"
#include "workloads/operators/work.h"

namespace simdse {

Work Softmax::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.outputs[0]));
  work.vector->alu_ops = 4;      // max; subtract; sum; multiply by the sum's reciprocal
  work.vector->special_ops = 1;  // exp
  work.vector->reductions = 2;   // max and sum
  work.vector->passes = 3;       // max, exp and sum, scale
  return work;
}

void Softmax::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[0])) return;
  backward.contribute(
      op.inputs[0],
      backward.add(op, "gradient", Phase::gradient, std::make_shared<SoftmaxGradient>(),
                   {backward.gradient(op.outputs[0]), backward.saved(op.outputs[0])},
                   op.inputs[0]));
}

Work SoftmaxGradient::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.outputs[0]));
  work.vector->alu_ops = 3;     // multiply-add into the sum; subtract; multiply
  work.vector->reductions = 1;  // sum of dy y
  work.vector->passes = 2;
  return work;
}

}  // namespace simdse
