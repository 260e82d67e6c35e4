#include "workloads/operators/collective.h"

#include "workloads/differentiator.h"
#include "workloads/operators/work.h"

namespace simdse {

const Collective* collective_of(const Operator& op) {
  return dynamic_cast<const Collective*>(op.kind.get());
}

Work Collective::work(const Graph& graph, const Operator& op) const {
  return whole_tensors(graph, op);
}

void Collective::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[0])) return;
  const TensorId dy = backward.gradient(op.outputs[0]);
  const auto add = [&](std::shared_ptr<const OperatorKind> kind) {
    backward.contribute(op.inputs[0], backward.add(op, "gradient", Phase::gradient, std::move(kind),
                                                   {dy}, op.inputs[0]));
  };
  switch (gradient_) {
    case CollectiveGradient::none:
      return;
    case CollectiveGradient::identity:
      backward.contribute(op.inputs[0], dy);
      return;
    case CollectiveGradient::own_part:
      add(std::make_shared<OwnPart>(ranks_, axis_));
      return;
    case CollectiveGradient::reduce_scatter:
      add(std::make_shared<Collective>(CollectiveOp::reduce_scatter, ranks_, axis_,
                                       CollectiveGradient::none));
      return;
    case CollectiveGradient::all_gather:
      add(std::make_shared<Collective>(CollectiveOp::all_gather, ranks_, axis_,
                                       CollectiveGradient::none));
      return;
  }
}

Work Replicate::work(const Graph&, const Operator& op) const {
  Work work;
  work.read.resize(op.inputs.size());
  work.written.resize(op.outputs.size());
  return work;
}

void Replicate::differentiate(Differentiator& backward, const Operator& op) const {
  const TensorId target = op.inputs[0];
  if (!backward.needs_gradient(target)) return;
  const auto kind =
      std::make_shared<Collective>(CollectiveOp::all_reduce, ranks_, 0, CollectiveGradient::none,
                                   CollectiveReduction::sum, tied_stages_);
  const TensorId part = backward.gradient(op.outputs[0]);
  Graph& graph = backward.graph();
  const bool is_parameter = graph.tensor(target).role == TensorRole::parameter;
  const Phase phase = is_parameter ? Phase::update : Phase::gradient;
  if (graph.tensor(part).role != TensorRole::parameter_gradient) {
    // A copy, for others may read the same gradient.
    backward.contribute(target, backward.add(op, "gradient", phase, kind, {part}, target));
    return;
  }
  const std::string name = graph.tensor(part).name + ".all_reduce";
  const TensorId sum = graph.add_view(name, graph.tensor(target).shape, part);
  graph.set_forward(graph.add_operator(name, phase, kind, {part}, {sum}), op.id);
  backward.contribute(target, sum);
}

Work OwnPart::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.outputs[0]));
  work.read[0] = work.written[0];  // only what is kept is read
  return work;
}

void OwnPart::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[0])) return;
  const auto kind = std::make_shared<Collective>(CollectiveOp::all_gather, ranks_, axis_,
                                                 CollectiveGradient::none);
  backward.contribute(op.inputs[0], backward.add(op, "gradient", Phase::gradient, kind,
                                                 {backward.gradient(op.outputs[0])}, op.inputs[0]));
}

}  // namespace simdse
