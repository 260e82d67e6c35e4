#include "workloads/training.h"

#include <algorithm>

#include "models/base/error.h"
#include "workloads/differentiator.h"
#include "workloads/update.h"

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
  GradientAccumulation accumulation(graph, forward_count, options.software);
  for (std::size_t id = forward_count; id-- > 0;) {
    backward.differentiate(static_cast<OperatorId>(id));
    accumulation.finish(static_cast<OperatorId>(id), backward);
  }
  for (const TensorId input : boundary.inputs) {
    step.input_gradients.push_back(backward.gradient(input));
  }
  std::vector<TrainedParameter> trained;
  for (std::size_t id = 0; id < tensor_count; ++id) {
    const auto parameter = static_cast<TensorId>(id);
    const TensorId gradient = accumulation.result(parameter, backward);
    if (is_trained(graph, parameter) && gradient != kNone) trained.push_back({parameter, gradient});
  }
  add_update(graph, trained, options);
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
