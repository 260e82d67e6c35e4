// Derivation of the training step from a forward graph.
#pragma once

#include <string>

#include "workloads/graph.h"
#include "workloads/graph_builder.h"
#include "workloads/operators/optimizer.h"
#include "workloads/recomputation.h"
#include "workloads/software.h"

namespace simdse {

struct TrainingOptions {
  std::string optimizer = "adam";  ///< sgd, momentum, adam
  TensorFormats formats;
  Recomputation recompute = Recomputation::none;
  Software software;
};

/// Where a forward graph that is a part of a network (a pipeline stage) meets the rest of it. Ids
/// are of the forward graph.
struct StepBoundary {
  std::vector<TensorId> inputs;   ///< made elsewhere from parameters: their gradients are results
  std::vector<TensorId> outputs;  ///< read elsewhere: their gradients come from outside
  /// False if the network's loss is elsewhere, so that other results of this part have no gradient.
  bool has_own_results = true;
};

/// A training step and the tensors of it that pass the boundary, in the boundary's order.
struct BoundedStep {
  Graph graph;
  std::vector<TensorId> input_gradients;   ///< kNone where nothing influences a loss
  std::vector<TensorId> output_gradients;  ///< given from outside
};

/// The forward graph, its backward pass and one optimizer step per parameter tensor.
///
/// Each contraction gets two separate backward contractions, dX (input_gradient) and dW
/// (weight_gradient); a dX that nothing needs, as in the first layer, is left out. Each vector
/// operator gets its gradient. A loss starts the backward pass; in a graph without one the gradient
/// of each final result is taken as given from outside. An optimizer step follows its own dW, and
/// waits for whoever still reads the weights that it overwrites.
///
/// With main gradients, each parameter's gradient is added to its main one as soon as it is whole
/// (but one that is exchanged in the update phase, which stays as it is), and the update phase has
/// the software's passes over all gradients (but those along a single axis: biases and norms).
///
/// Names: forward operators end in ".forward", the others in what they make.
/// Throws InputError when no parameter needs a gradient.
Graph derive_training_step(const Graph& forward, const TrainingOptions& options);

/// The same for a part of a network, which may be one without parameters.
BoundedStep derive_training_step(const Graph& forward, const TrainingOptions& options,
                                 const StepBoundary& boundary);

}  // namespace simdse
