#include "workloads/operators/reduction.h"

#include "workloads/differentiator.h"
#include "workloads/operators/work.h"

namespace simdse {

Work SumTo::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.inputs[0]));
  work.vector->alu_ops = 1;
  return work;
}

void SumTo::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[0])) return;
  backward.contribute(op.inputs[0],
                      backward.add(op, "gradient", Phase::gradient, std::make_shared<BroadcastTo>(),
                                   {backward.gradient(op.outputs[0])}, op.inputs[0]));
}

Work BroadcastTo::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.outputs[0]));
  work.vector->alu_ops = 1;
  return work;
}

void BroadcastTo::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[0])) return;
  backward.contribute(op.inputs[0],
                      backward.add(op, "gradient", Phase::gradient, std::make_shared<SumTo>(),
                                   {backward.gradient(op.outputs[0])}, op.inputs[0]));
}

}  // namespace simdse
