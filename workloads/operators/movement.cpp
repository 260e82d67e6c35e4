#include "workloads/operators/movement.h"

#include "workloads/differentiator.h"
#include "workloads/operators/work.h"

namespace simdse {

Work Slice::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.read[0] = work.written[0];  // only what is kept is read
  work.vector = rows_of(graph.tensor(op.outputs[0]));
  return work;
}

void Slice::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[0])) return;
  backward.contribute(op.inputs[0], backward.add(op, "gradient", Phase::gradient,
                                                 std::make_shared<SliceGradient>(axis_, start_),
                                                 {backward.gradient(op.outputs[0])}, op.inputs[0]));
}

Work SliceGradient::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.outputs[0]));
  return work;
}

}  // namespace simdse
