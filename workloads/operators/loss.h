// Losses.
#pragma once

#include "workloads/operator.h"

namespace simdse {

/// Mean over rows of -log softmax(logits)[label]; inputs logits, labels.
class CrossEntropy : public OperatorKind {
 public:
  std::string name() const override { return "cross_entropy"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  bool is_loss() const override { return true; }
};

/// (softmax(logits) - one-hot label) / rows; inputs logits, labels.
class CrossEntropyGradient : public OperatorKind {
 public:
  std::string name() const override { return "cross_entropy_gradient"; }
  Work work(const Graph& graph, const Operator& op) const override;
  bool is_rowwise() const override { return true; }
};

/// Mean of (x - target)^2; inputs x, target.
class SquaredError : public OperatorKind {
 public:
  std::string name() const override { return "squared_error"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  bool is_loss() const override { return true; }
};

/// 2 (x - target) / elements; inputs x, target.
class SquaredErrorGradient : public OperatorKind {
 public:
  std::string name() const override { return "squared_error_gradient"; }
  Work work(const Graph& graph, const Operator& op) const override;
  bool is_elementwise() const override { return true; }
};

}  // namespace simdse
