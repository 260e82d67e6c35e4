#include "workloads/operators/recurrence.h"

#include <algorithm>
#include <utility>

#include "workloads/differentiator.h"
#include "workloads/operators/view.h"
#include "workloads/operators/work.h"

namespace simdse {

Work LstmCell::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.outputs[1]));
  // per feature: four sums z0 + z1 and three sigmoids' sum 1 + e^-x (7), two products and a sum for
  // c (3, as multiply-add 2), one product for h (1)
  work.vector->alu_ops = 10;
  work.vector->special_ops = 8;  // three sigmoids of exp and division, two tanh
  return work;
}

void LstmCell::differentiate(Differentiator& backward, const Operator& op) const {
  const bool has_previous = op.inputs.size() > 1;
  const TensorId dh = backward.gradient(op.outputs[0]);
  const TensorId dc = backward.gradient(op.outputs[1]);
  std::vector<TensorId> inputs = {backward.saved(op.outputs[2]), backward.saved(op.outputs[1])};
  std::vector<TensorId> like = {op.inputs[0]};
  if (has_previous) {
    inputs.push_back(backward.saved(op.inputs[2]));
    like.push_back(op.inputs[2]);
  }
  if (dh != kNone) inputs.push_back(dh);
  if (dc != kNone) inputs.push_back(dc);
  const std::vector<TensorId> gradients = backward.add(
      op, "gradient", Phase::gradient,
      std::make_shared<LstmCellGradient>(has_previous, dh != kNone, dc != kNone), inputs, like);
  backward.contribute(op.inputs[0], gradients[0]);
  if (!has_previous) return;
  backward.contribute(op.inputs[1], gradients[0]);
  backward.contribute(op.inputs[2], gradients[1]);
}

Work LstmCellGradient::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.inputs[1]));
  // do 4 (dh tanh(c), times o (1 - o)); dc 4 (dh o (1 - tanh^2 c), sum); di, df 4 each; dg 3; dc' 1
  work.vector->alu_ops = 20;
  work.vector->special_ops = 1;  // tanh(c)
  return work;
}

void RecurrentProduct::differentiate(Differentiator& backward, const Operator& op) const {
  Graph& graph = backward.graph();
  const TensorId weights = op.inputs[1];
  const TensorId dy = backward.gradient(op.outputs[0]);
  if (backward.needs_gradient(op.inputs[0])) {
    backward.contribute(op.inputs[0], backward.add(op, "input_gradient", Phase::input_gradient,
                                                   std::make_shared<Contraction>("bg", "hg", "bh"),
                                                   {dy, backward.saved(weights)}, op.inputs[0]));
  }
  // Reverse order visits the steps from last to first; the first in order has all gradients.
  std::vector<std::pair<TensorId, TensorId>> steps;  // state, gradient
  for (const OperatorId consumer : graph.tensor(weights).consumers) {
    const Operator& step = graph.op(consumer);
    if (step.phase != op.phase || dynamic_cast<const RecurrentProduct*>(step.kind.get()) == nullptr)
      continue;
    if (step.id < op.id) return;
    const TensorId gradient = backward.gradient(step.outputs[0]);
    if (gradient != kNone) steps.emplace_back(backward.saved(step.inputs[0]), gradient);
  }
  // In the order in which the states lie in memory, a layer that runs backwards included, they need
  // not be copied; the sum over the steps has no order.
  std::sort(steps.begin(), steps.end(), [&](const auto& x, const auto& y) {
    return graph.tensor(x.first).storage_offset < graph.tensor(y.first).storage_offset;
  });
  std::vector<TensorId> states;
  std::vector<TensorId> gradients;
  for (const auto& [state, gradient] : steps) {
    states.push_back(state);
    gradients.push_back(gradient);
  }
  const TensorId all_states = stack_in_place(graph, op.name + ".states", Phase::gradient, states);
  const TensorId all_gradients =
      stack_in_place(graph, op.name + ".step_gradients", Phase::gradient, gradients);
  backward.contribute(weights, backward.add(op, "weight_gradient", Phase::weight_gradient,
                                            std::make_shared<Contraction>("sbh", "sbg", "hg"),
                                            {all_states, all_gradients}, weights));
}

}  // namespace simdse
