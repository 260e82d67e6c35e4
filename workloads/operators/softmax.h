// Softmax over the last axis.
#pragma once

#include "workloads/operator.h"

namespace simdse {

/// y = exp(x - max x) / sum exp(x - max x), row by row.
class Softmax : public OperatorKind {
 public:
  std::string name() const override { return "softmax"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  bool is_rowwise() const override { return true; }
};

/// dx = y (dy - sum(dy y)); inputs dy, y.
class SoftmaxGradient : public OperatorKind {
 public:
  std::string name() const override { return "softmax_gradient"; }
  Work work(const Graph& graph, const Operator& op) const override;
  bool is_rowwise() const override { return true; }
};

}  // namespace simdse
