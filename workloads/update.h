// The end of a training step: whole gradients, and what the optimizer makes of them.
#pragma once

#include <map>
#include <vector>

#include "workloads/differentiator.h"
#include "workloads/training.h"

namespace simdse {

/// Whether a tensor is a parameter that is trained by itself; a view of one is trained by its
/// owner.
inline bool is_trained(const Graph& graph, TensorId id) {
  const Tensor& tensor = graph.tensor(id);
  return tensor.role == TensorRole::parameter && tensor.storage == id;
}

/// Adds gradients to main gradients while the backward pass is derived.
class GradientAccumulation {
 public:
  /// For the first `forward_count` operators of `graph`.
  GradientAccumulation(Graph& graph, std::size_t forward_count, const Software& software);

  /// To be called when forward operator `id` has been differentiated: gradients of parameters that
  /// no earlier operator reads are whole.
  void finish(OperatorId id, Differentiator& backward);

  /// The gradient that the optimizer reads: the main one, or else the parameter's own, or kNone.
  TensorId result(TensorId parameter, Differentiator& backward) const;

 private:
  Graph& graph_;
  const Software& software_;
  std::map<OperatorId, std::vector<TensorId>> finished_by_;
  std::map<TensorId, TensorId> main_;
};

struct TrainedParameter {
  TensorId parameter = kNone;
  TensorId gradient = kNone;
};

/// Appends one optimizer step per parameter, and the software's passes before and behind them.
void add_update(Graph& graph, const std::vector<TrainedParameter>& trained,
                const TrainingOptions& options);

}  // namespace simdse
