// What the chips of a group do together: collectives, and the views that have one as gradient.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "workloads/collective_op.h"
#include "workloads/operator.h"

namespace simdse {

enum class CollectiveReduction { sum, maximum };

/// Who takes part.
enum class CollectiveGroup {
  tensor,  ///< the chips that share out a stage's operators
  tied,    ///< the pipeline stages that have a copy of the same parameter
};

/// Numbers of pipeline stages, ascending. Parameters that other stages share are other groups'.
using TiedStages = std::vector<std::int32_t>;

/// What turns the gradient of a collective's output into that of its input. It follows from what
/// reads the output: if all chips go on with equal work, each has the whole gradient (identity,
/// own_part); if each goes on with a part of the work, the gradients are parts of a sum
/// (reduce_scatter).
enum class CollectiveGradient {
  none,            ///< no gradient passes
  identity,        ///< of an all_reduce: the g of Megatron-LM (Shoeybi et al. 2019, section 3)
  own_part,        ///< of an all_gather that is read alike by all
  reduce_scatter,  ///< of an all_gather that is read in parts (Korthikanti et al. 2022, figure 5)
  all_gather,      ///< of a reduce_scatter
};

/// One collective of a group of `ranks` chips, each with one input and one output. An all_reduce
/// may be made in place; then its output is a view of its input.
///
/// For the chip it is traffic (its input read, its output written), not work: `work` has neither a
/// contraction nor a vector shape.
class Collective : public OperatorKind {
 public:
  /// `axis` belongs to all_gather and reduce_scatter. With `tied_stages`, of which there are
  /// `ranks`, they are the group.
  Collective(CollectiveOp operation, std::int64_t ranks, std::size_t axis,
             CollectiveGradient gradient, CollectiveReduction reduction = CollectiveReduction::sum,
             TiedStages tied_stages = {})
      : operation_(operation),
        ranks_(ranks),
        axis_(axis),
        gradient_(gradient),
        reduction_(reduction),
        tied_stages_(std::move(tied_stages)) {}

  std::string name() const override { return collective_name(operation_); }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;

  CollectiveOp operation() const { return operation_; }
  std::int64_t ranks() const { return ranks_; }
  std::size_t axis() const { return axis_; }
  CollectiveGradient gradient() const { return gradient_; }
  CollectiveReduction reduction() const { return reduction_; }
  CollectiveGroup group() const {
    return tied_stages_.empty() ? CollectiveGroup::tensor : CollectiveGroup::tied;
  }
  const TiedStages& tied_stages() const { return tied_stages_; }

 private:
  CollectiveOp operation_;
  std::int64_t ranks_;
  std::size_t axis_;
  CollectiveGradient gradient_;
  CollectiveReduction reduction_;
  TiedStages tied_stages_;
};

/// The operator's collective, or nullptr.
const Collective* collective_of(const Operator& op);

/// A tensor that all chips have alike is handed to work of which each does a part: a view, whose
/// gradient is the all_reduce of the parts (the f of Megatron-LM). The gradient of a parameter is
/// reduced in the update phase, in place, once for all microbatches.
class Replicate : public OperatorKind {
 public:
  explicit Replicate(std::int64_t ranks) : ranks_(ranks) {}
  /// A parameter of which each of these stages has a copy.
  explicit Replicate(TiedStages stages)
      : ranks_(static_cast<std::int64_t>(stages.size())), tied_stages_(std::move(stages)) {}
  std::string name() const override { return "replicate"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  bool is_view() const override { return true; }
  std::int64_t ranks() const { return ranks_; }

 private:
  std::int64_t ranks_;
  TiedStages tied_stages_;
};

/// Chip i copies part i along `axis` of a tensor that all chips have alike. The gradient is the
/// all_gather of the parts'.
class OwnPart : public OperatorKind {
 public:
  OwnPart(std::int64_t ranks, std::size_t axis) : ranks_(ranks), axis_(axis) {}
  std::string name() const override { return "own_part"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  std::int64_t ranks() const { return ranks_; }
  std::size_t axis() const { return axis_; }

 private:
  std::int64_t ranks_;
  std::size_t axis_;
};

}  // namespace simdse
