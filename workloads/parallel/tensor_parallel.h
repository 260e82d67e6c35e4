// Tensor parallelism: the share of a forward graph that one chip of a group does.
#pragma once

#include <cstdint>

#include "workloads/graph.h"

namespace simdse {

struct TensorParallelOptions {
  std::int64_t degree = 1;  ///< chips of the group
  /// Between the parts of a layer that are split by heads and features, split by sequence
  /// (Korthikanti et al. 2022): each all_reduce becomes a reduce_scatter and an all_gather.
  bool sequence_parallel = false;
  /// A vocabulary that the degree does not divide is padded up to a multiple of this x degree, as
  /// Megatron-LM pads it.
  std::int64_t vocabulary_multiple = 128;
};

/// The forward graph of each chip of the group, which all chips have alike: operators on their
/// parts, with collectives and views (operators/collective.h) where tensors pass from one layout to
/// another. derive_training_step() makes its training step. Degree 1 gives the graph itself.
///
/// It is found by propagation, operator by operator, of how each tensor lies on the chips:
/// replicated, split along an axis, or, behind a sum over a split axis, as parts of a sum, which
/// are reduced at once.
/// - A product of a replicated activation and weights is column-parallel along the first axis of
/// the
///   weights along which everything behind goes on in parts, up to weights that sum over it
///   (row-parallel, with one all_reduce) or a cross entropy. Without such an axis it stays whole.
/// - Whatever reads a split tensor along an axis that its kind can share out goes on in parts;
/// other
///   readers get it gathered.
/// - An embedding table that is read with each sample (ids of two or more axes) and has 8 rows or
///   more for each chip is split by vocabulary, with it weights tied to it; a cross entropy of
///   split logits exchanges a maximum and two sums per row.
/// - A replicated tensor that split work reads gets its gradient by an all_reduce, once per tensor.
///   Under sequence parallelism that holds for the parameters of norms and for biases too.
///
/// Throws InputError, naming the operator or weights, when there is no rule for a kind
/// (convolutions, recurrent cells), when the degree does not divide what is to be split, or when no
/// weights can be split.
Graph shard(const Graph& forward, const TensorParallelOptions& options);

}  // namespace simdse
