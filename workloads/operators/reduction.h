// Sums that undo a broadcast.
#pragma once

#include "workloads/operator.h"

namespace simdse {

/// Adds up input 0 over the axes along which the output's shape was broadcast to it: the gradient
/// of a bias, a scale or any other broadcast operand.
class SumTo : public OperatorKind {
 public:
  std::string name() const override { return "sum_to"; }
  Work work(const Graph& graph, const Operator& op) const override;
};

}  // namespace simdse
