#include "workloads/operators/embedding.h"

#include "workloads/differentiator.h"
#include "workloads/operators/work.h"

namespace simdse {

Work Embedding::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  const Tensor& output = graph.tensor(op.outputs[0]);
  work.read[1] = graph.tensor(op.inputs[1]).format.bytes(output.elements());
  work.vector = rows_of(output);
  work.vector->alu_ops = 1;
  return work;
}

void Embedding::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[1])) return;
  backward.contribute(
      op.inputs[1],
      backward.add(op, "gradient", Phase::gradient, std::make_shared<EmbeddingGradient>(),
                   {backward.gradient(op.outputs[0]), op.inputs[0]}, op.inputs[1]));
}

Work EmbeddingGradient::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  const Tensor& dy = graph.tensor(op.inputs[0]);
  // The table is zeroed once (what it holds is written whole), and every row that comes in is added
  // to the row it belongs to: read, add, write back.
  const Bytes touched = graph.tensor(op.outputs[0]).format.bytes(dy.elements());
  work.read[0] += touched;
  work.written[0] += touched;
  work.vector = rows_of(dy);
  work.vector->alu_ops = 1;
  return work;
}

}  // namespace simdse
