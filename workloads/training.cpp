#include "workloads/training.h"

#include <algorithm>

#include "models/base/error.h"
#include "workloads/differentiator.h"

namespace simdse {
namespace {

TensorId give_gradient(Graph& graph, Differentiator& backward, TensorId of) {
  const Tensor tensor = graph.tensor(of);  // a copy: the graph grows
  const TensorId gradient = graph.add_tensor(tensor.name + ".given_gradient", tensor.shape,
                                             tensor.format, TensorRole::input);
  backward.contribute(of, gradient);
  return gradient;
}

/// Gives every final result of a graph without a loss a gradient that comes from outside.
void seed_outputs(Graph& graph, Differentiator& backward, std::size_t forward_count) {
  const auto& operators = graph.operators();
  const bool has_loss = std::any_of(operators.begin(), operators.end(),
                                    [](const Operator& op) { return op.kind->is_loss(); });
  if (has_loss) return;
  for (std::size_t id = 0; id < forward_count; ++id) {
    const TensorId output = graph.operators()[id].outputs[0];
    const Tensor& tensor = graph.tensor(output);
    if (!tensor.consumers.empty() || !backward.needs_gradient(output)) continue;
    if (backward.gradient(output) != kNone) continue;  // it passes a boundary
    give_gradient(graph, backward, output);
  }
}

/// Appends the step that updates `parameter` by its finished gradient.
void add_optimizer_step(Graph& graph, TensorId parameter, TensorId gradient,
                        const TrainingOptions& options) {
  const OptimizerRule& rule = optimizer_rule(options.optimizer);
  const Tensor weights = graph.tensor(parameter);
  std::vector<TensorId> inputs = {gradient};
  std::vector<TensorId> outputs;
  const auto add_state = [&](const std::string& suffix) {
    const TensorId state = graph.add_tensor(weights.name + suffix, weights.shape,
                                            options.formats.state, TensorRole::optimizer_state);
    inputs.push_back(state);
    outputs.push_back(graph.add_view(weights.name + suffix + ".next", weights.shape, state));
  };
  outputs.push_back(graph.add_view(weights.name + ".next", weights.shape, parameter));
  if (weights.format.bits < options.formats.state.bits) {
    add_state(".master");
  } else {
    inputs.push_back(parameter);
  }
  for (int i = 0; i < rule.state_tensors; ++i) add_state(".moment" + std::to_string(i + 1));

  // Whoever reads the weights' bytes, through views too.
  std::vector<OperatorId> readers;
  for (const Tensor& tensor : graph.tensors()) {
    if (tensor.storage != parameter) continue;
    for (const OperatorId reader : tensor.consumers) {
      if (!graph.op(reader).kind->is_view()) readers.push_back(reader);
    }
  }
  const OperatorId step = graph.add_operator(weights.name + ".update", Phase::update,
                                             std::make_shared<OptimizerStep>(rule),
                                             std::move(inputs), std::move(outputs));
  for (const OperatorId reader : readers) graph.add_ordering(step, reader);
}

}  // namespace

BoundedStep derive_training_step(const Graph& forward, const TrainingOptions& options,
                                 const StepBoundary& boundary) {
  BoundedStep step;
  step.graph = forward;
  Graph& graph = step.graph;
  const std::size_t forward_count = forward.operators().size();
  const std::size_t tensor_count = forward.tensors().size();
  for (std::size_t id = 0; id < forward_count; ++id) {
    graph.rename_operator(static_cast<OperatorId>(id), graph.operators()[id].name + ".forward");
  }
  Differentiator backward(graph, options.formats.compute,
                          recomputation_groups(forward, options.recompute), boundary.inputs);
  for (const TensorId output : boundary.outputs) {
    step.output_gradients.push_back(give_gradient(graph, backward, output));
  }
  if (boundary.has_own_results) seed_outputs(graph, backward, forward_count);
  for (std::size_t id = forward_count; id-- > 0;) {
    backward.differentiate(static_cast<OperatorId>(id));
  }
  for (const TensorId input : boundary.inputs) {
    step.input_gradients.push_back(backward.gradient(input));
  }
  for (std::size_t id = 0; id < tensor_count; ++id) {
    const auto parameter = static_cast<TensorId>(id);
    const TensorId gradient = backward.gradient(parameter);
    const Tensor& tensor = graph.tensor(parameter);
    // A view of a parameter is trained by its owner.
    const bool is_owner = tensor.role == TensorRole::parameter && tensor.storage == parameter;
    if (is_owner && gradient != kNone) add_optimizer_step(graph, parameter, gradient, options);
  }
  return step;
}

Graph derive_training_step(const Graph& forward, const TrainingOptions& options) {
  BoundedStep step = derive_training_step(forward, options, StepBoundary{});
  if (step.graph.operators().empty() || step.graph.operators().back().phase != Phase::update) {
    throw InputError("the workload has no parameter that a training step could train");
  }
  return std::move(step.graph);
}

}  // namespace simdse
