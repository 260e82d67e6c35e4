#include "workloads/operators/loss.h"

#include "workloads/differentiator.h"
#include "workloads/operators/work.h"

namespace simdse {
namespace {

void differentiate_loss(Differentiator& backward, const Operator& op,
                        std::shared_ptr<const OperatorKind> gradient) {
  if (!backward.needs_gradient(op.inputs[0])) return;
  backward.contribute(op.inputs[0],
                      backward.add(op, "gradient", Phase::gradient, std::move(gradient),
                                   {backward.saved(op.inputs[0]), op.inputs[1]}, op.inputs[0]));
}

}  // namespace

Work CrossEntropy::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.inputs[0]));
  work.vector->alu_ops = 3;      // max; subtract; sum
  work.vector->special_ops = 1;  // exp
  work.vector->reductions = 2;
  work.vector->passes = 2;
  return work;
}

void CrossEntropy::differentiate(Differentiator& backward, const Operator& op) const {
  differentiate_loss(backward, op, std::make_shared<CrossEntropyGradient>());
}

Work CrossEntropyGradient::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.inputs[0]));
  work.vector->alu_ops = 6;      // max; subtract; sum; scale; compare with the label; subtract
  work.vector->special_ops = 1;  // exp
  work.vector->reductions = 2;
  work.vector->passes = 3;
  return work;
}

Work SquaredError::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.inputs[0]));
  work.vector->alu_ops = 2;  // subtract; multiply-add
  return work;
}

void SquaredError::differentiate(Differentiator& backward, const Operator& op) const {
  differentiate_loss(backward, op, std::make_shared<SquaredErrorGradient>());
}

Work SquaredErrorGradient::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.inputs[0]));
  work.vector->alu_ops = 2;  // subtract; scale
  return work;
}

}  // namespace simdse
