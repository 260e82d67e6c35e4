// Sums over axes, and their mirror image, broadcasts.
#pragma once

#include "workloads/operator.h"

namespace simdse {

/// Adds up input 0 over the axes along which the output's shape broadcasts to it (NumPy's rule:
/// trailing axes are aligned): a sum over axes, and the gradient of every broadcast operand.
class SumTo : public OperatorKind {
 public:
  std::string name() const override { return "sum_to"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
};

/// Input 0 repeated along the axes along which its shape broadcasts to the output's.
class BroadcastTo : public OperatorKind {
 public:
  std::string name() const override { return "broadcast_to"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
};

}  // namespace simdse
