#include "workloads/operators/main_gradient.h"

#include "workloads/operators/work.h"

namespace simdse {

Work AccumulateGradient::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.outputs[0]));
  return work;
}

Work TensorPass::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  const TensorId swept = op.inputs.empty() ? op.outputs[0] : op.inputs[0];
  // The bytes of a tensor as they lie: a row per first index, whatever axes are behind it.
  work.vector = VectorShape();
  work.vector->rows = graph.tensor(swept).shape.front();
  work.vector->columns = graph.tensor(swept).elements() / work.vector->rows;
  // A multiplication and a test for infinity; a square that is added; a multiplication; a
  // conversion; a store.
  work.vector->alu_ops = pass_ == UpdatePass::unscale ? 2 : 1;
  if (pass_ == UpdatePass::norm) work.vector->reductions = 1;
  return work;
}

}  // namespace simdse
