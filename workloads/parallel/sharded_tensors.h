// How the tensors of a graph lie on the chips of a tensor-parallel group, and the operators that
// bring one from one layout to another.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "workloads/graph.h"
#include "workloads/parallel/tensor_parallel.h"

namespace simdse {

struct ShardLayout {
  enum class Kind {
    replicated,  ///< all chips have it, and go on with it alike
    varying,     ///< all chips have it, and each does a part of what follows with it
    split,       ///< chip i has part i along `axis`
  };
  Kind kind = Kind::replicated;
  std::size_t axis = 0;
  bool is_sequence = false;  ///< split by sequence parallelism

  static ShardLayout replicated() { return {}; }
  static ShardLayout varying() { return {Kind::varying, 0, false}; }
  static ShardLayout split(std::size_t axis, bool is_sequence) {
    return {Kind::split, axis, is_sequence};
  }

  /// Layouts of equal bytes are equal, whatever they are for.
  friend bool operator==(const ShardLayout& x, const ShardLayout& y) {
    return x.kind == y.kind && x.axis == y.axis;
  }
  friend bool operator<(const ShardLayout& x, const ShardLayout& y) {
    return x.kind != y.kind ? x.kind < y.kind : x.axis < y.axis;
  }
};

/// The sharded graph under construction. Tensors of the original graph are named by their ids
/// there; each has one layout in which it was made and may have versions in others.
class ShardedTensors {
 public:
  ShardedTensors(const Graph& original, const TensorParallelOptions& options);

  Graph& graph() { return graph_; }

  /// The layout in which the tensor was made, or first used where it has no producer; replicated
  /// while it is neither.
  ShardLayout layout(TensorId original) const { return layout_[original]; }
  bool is_used(TensorId original) const { return !versions_[original].empty(); }
  bool has_split_parameter() const { return has_split_parameter_; }

  /// The axis is a vocabulary: where the degree does not divide it, it is padded.
  void allow_padding(TensorId original, std::size_t axis);
  bool is_padded(TensorId original, std::size_t axis) const {
    return padded_.count({original, axis}) != 0;
  }

  /// The tensor in `layout`; appends the operator that makes it where there is none yet. Throws
  /// InputError for a parameter that is wanted whole and in parts.
  TensorId version(TensorId original, ShardLayout layout);

  /// A new tensor for `original`, which some operator now makes in `layout`.
  TensorId define(TensorId original, ShardLayout layout);
  /// The same where the tensor is there already.
  void adopt(TensorId original, ShardLayout layout, TensorId tensor);

  /// Shape of a chip's part. Throws InputError when the degree does not divide the axis.
  Shape local_shape(TensorId original, ShardLayout layout) const;

 private:
  TensorId add_given(TensorId original, ShardLayout layout);
  TensorId convert(TensorId original, ShardLayout layout);
  TensorId add(TensorId original, const std::string& suffix, ShardLayout layout, TensorId from,
               std::shared_ptr<const OperatorKind> kind);

  const Graph& original_;
  const TensorParallelOptions& options_;
  Graph graph_;
  std::vector<ShardLayout> layout_;
  std::vector<std::map<ShardLayout, TensorId>> versions_;
  std::vector<bool> needs_gradient_;
  std::set<std::pair<TensorId, std::size_t>> padded_;  ///< axes
  bool has_split_parameter_ = false;
};

}  // namespace simdse
