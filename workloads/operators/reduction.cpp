#include "workloads/operators/reduction.h"

#include "workloads/operators/work.h"

namespace simdse {

Work SumTo::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.inputs[0]));
  work.vector->alu_ops = 1;
  return work;
}

}  // namespace simdse
