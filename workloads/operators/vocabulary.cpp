#include "workloads/operators/vocabulary.h"

#include "workloads/differentiator.h"
#include "workloads/operators/work.h"

namespace simdse {
namespace {

/// Vector work along the rows of tensor 0.
VectorShape logits_of(const Graph& graph, const Operator& op) {
  return rows_of(graph.tensor(op.inputs[0]));
}

}  // namespace

Work VocabularyEmbedding::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  const Tensor& output = graph.tensor(op.outputs[0]);
  work.read[1] = graph.tensor(op.inputs[1]).format.bytes(ceil_div(output.elements(), ranks_));
  work.vector = rows_of(output);
  work.vector->alu_ops = 2;  // copy; zero what is not here
  return work;
}

void VocabularyEmbedding::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[1])) return;
  backward.contribute(op.inputs[1],
                      backward.add(op, "gradient", Phase::gradient,
                                   std::make_shared<VocabularyEmbeddingGradient>(ranks_),
                                   {backward.gradient(op.outputs[0]), op.inputs[0]}, op.inputs[1]));
}

Work VocabularyEmbeddingGradient::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  const Tensor& dy = graph.tensor(op.inputs[0]);
  // As EmbeddingGradient, for the rows that are here; the others' gradients are not read.
  const std::int64_t here = ceil_div(dy.elements(), ranks_);
  const Bytes touched = graph.tensor(op.outputs[0]).format.bytes(here);
  work.read[0] = dy.format.bytes(here) + touched;
  work.written[0] += touched;
  work.vector = rows_of(dy);
  work.vector->rows = ceil_div(work.vector->rows, ranks_);
  work.vector->alu_ops = 1;
  return work;
}

Work VocabularyMaximum::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = logits_of(graph, op);
  work.vector->alu_ops = 1;
  work.vector->reductions = 1;
  return work;
}

Work VocabularySums::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = logits_of(graph, op);
  work.vector->alu_ops = 4;      // subtract; sum; compare with the label; select-add
  work.vector->special_ops = 1;  // exp
  work.vector->reductions = 2;
  return work;
}

Work VocabularyLoss::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  // The logits and labels are there for the gradient alone.
  work.read[0] = Bytes(0);
  work.read[1] = Bytes(0);
  work.read[2] = Bytes(0);
  work.vector = VectorShape{};
  work.vector->columns = graph.tensor(op.inputs[1]).elements();
  work.vector->alu_ops = 2;      // subtract; sum
  work.vector->special_ops = 1;  // log
  work.vector->reductions = 1;
  return work;
}

void VocabularyLoss::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[0])) return;
  std::vector<TensorId> inputs;
  for (const TensorId input : op.inputs) inputs.push_back(backward.saved(input));
  backward.contribute(op.inputs[0], backward.add(op, "gradient", Phase::gradient,
                                                 std::make_shared<VocabularyLossGradient>(),
                                                 std::move(inputs), op.inputs[0]));
}

Work VocabularyLossGradient::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = logits_of(graph, op);
  work.vector->alu_ops = 4;      // subtract; scale; compare with the label; subtract
  work.vector->special_ops = 1;  // exp
  return work;
}

}  // namespace simdse
