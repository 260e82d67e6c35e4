// Reverse-mode differentiation of a graph: the tape that operator kinds write their gradients to.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "workloads/graph.h"

namespace simdse {

/// Collects, for every tensor of the forward graph, the contributions to its gradient. A tensor
/// with several consumers (a residual branch, a tied weight) gets one contribution from each; they
/// are summed by explicit operators.
class Differentiator {
 public:
  /// Backward operators are appended to `graph`. Gradients are kept in `format`. Results of forward
  /// operators with an entry other than kNone in `recomputation` are not kept: they are made again
  /// together with their group. Beside those of parameters, the gradients of `wanted` are made.
  Differentiator(Graph& graph, NumberFormat format, std::vector<int> recomputation,
                 const std::vector<TensorId>& wanted = {});

  /// Adds the gradient of forward operator `op`, if its results have one.
  void differentiate(OperatorId op);

  Graph& graph() { return graph_; }

  /// True when some parameter or wanted tensor influences `tensor`, so that its gradient is worth
  /// computing.
  bool needs_gradient(TensorId tensor) const { return needs_gradient_[tensor]; }

  /// The finished gradient of a tensor, or kNone when nothing contributed. Everything that can
  /// contribute must have been differentiated.
  TensorId gradient(TensorId tensor);

  /// Adds `contribution` (of `tensor`'s shape) to the gradient of `tensor`.
  void contribute(TensorId tensor, TensorId contribution);

  /// Adds `contribution` to the gradient of entry `index`, along the first axis, of `select`'s
  /// input. Entries that cover the whole tensor are made in place; else each is padded with zeros.
  void contribute_entry(const Operator& select, std::int64_t index, TensorId contribution);

  /// Adds a backward operator that mirrors `forward` and makes a new gradient tensor like `of`.
  /// Its name is the forward operator's without its phase, plus `suffix`.
  TensorId add(const Operator& forward, const std::string& suffix, Phase phase,
               std::shared_ptr<const OperatorKind> kind, std::vector<TensorId> inputs, TensorId of);
  /// The same with several outputs, one like each of `like`.
  std::vector<TensorId> add(const Operator& forward, const std::string& suffix, Phase phase,
                            std::shared_ptr<const OperatorKind> kind, std::vector<TensorId> inputs,
                            const std::vector<TensorId>& like);

  /// A new tensor for the gradient of `of`, with role and format as a gradient has.
  TensorId new_gradient(const std::string& name, TensorId of);

  /// The tensor through which a backward operator reads a saved forward tensor: itself, or what
  /// recomputation, which this call may begin, makes of it.
  TensorId saved(TensorId forward_tensor);

 private:
  /// Gradients of a tensor's entries, until they are put together.
  struct Entries {
    OperatorId select = kNone;  ///< one of those that took the entries
    std::map<std::int64_t, TensorId> gradients;
  };

  void join_entries(TensorId tensor);
  /// x + y as an operator called `name`, made like the gradient of `of`.
  TensorId add_up(const std::string& name, TensorId x, TensorId y, TensorId of);
  void recompute(int group);
  void recompute(const Operator& op);
  void recompute_view(const Operator& op);

  Graph& graph_;
  NumberFormat format_;
  std::vector<bool> needs_gradient_;
  std::vector<TensorId> gradient_;
  std::map<TensorId, Entries> entries_;
  std::vector<int> recomputation_;                  ///< group by forward operator
  std::map<int, std::vector<OperatorId>> members_;  ///< of each group, in order
  std::vector<TensorId> recomputed_;                ///< by forward tensor
  /// The operator whose result lets the backward pass reach the operator being differentiated:
  /// recomputation follows it, else it would run right behind the forward pass and save nothing.
  OperatorId arrival_ = kNone;
};

}  // namespace simdse
