#include "workloads/operators/view.h"

#include <stdexcept>

#include "workloads/differentiator.h"

namespace simdse {
namespace {

Work no_work(const Operator& op) {
  Work work;
  work.read.resize(op.inputs.size());
  work.written.resize(op.outputs.size());
  return work;
}

}  // namespace

Work Reshape::work(const Graph&, const Operator& op) const { return no_work(op); }
Work Select::work(const Graph&, const Operator& op) const { return no_work(op); }
Work Stack::work(const Graph&, const Operator& op) const { return no_work(op); }

void Reshape::differentiate(Differentiator& backward, const Operator& op) const {
  const TensorId input = op.inputs[0];
  if (!backward.needs_gradient(input)) return;
  Graph& graph = backward.graph();
  const std::string name = op.name + ".gradient";
  const TensorId dy = backward.gradient(op.outputs[0]);
  const TensorId dx = graph.add_view(name, graph.tensor(input).shape, dy);
  graph.set_forward(graph.add_operator(name, Phase::gradient, op.kind, {dy}, {dx}), op.id);
  backward.contribute(input, dx);
}

void Select::differentiate(Differentiator& backward, const Operator& op) const {
  const TensorId whole = op.inputs[0];
  if (!backward.needs_gradient(whole)) return;
  Graph& graph = backward.graph();
  // Reverse order visits the selections from last to first; the first in order completes the set.
  std::vector<TensorId> parts;
  for (const OperatorId consumer : graph.tensor(whole).consumers) {
    const auto* select = dynamic_cast<const Select*>(graph.op(consumer).kind.get());
    if (select == nullptr) continue;
    if (consumer < op.id) return;
    if (select->index() != static_cast<std::int64_t>(parts.size())) {
      throw std::logic_error("the selections of '" + graph.tensor(whole).name +
                             "' must cover it in order");
    }
    parts.push_back(backward.gradient(graph.op(consumer).outputs[0]));
  }
  const TensorId gradient = backward.new_gradient(op.name + ".gradient", whole);
  Bytes offset(0);
  for (const TensorId part : parts) {
    graph.place_inside(part, gradient, offset);
    offset += graph.tensor(part).bytes();
  }
  graph.set_forward(graph.add_operator(op.name + ".gradient", Phase::gradient,
                                       std::make_shared<Stack>(), parts, {gradient}),
                    op.id);
  backward.contribute(whole, gradient);
}

}  // namespace simdse
