// Dropout with a saved mask of one byte per element.
#pragma once

#include "workloads/operator.h"

namespace simdse {

/// Output 0 = input x mask / (1 - rate), output 1 = the mask.
class Dropout : public OperatorKind {
 public:
  explicit Dropout(double rate) : rate_(rate) {}
  std::string name() const override { return "dropout"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  bool is_elementwise() const override { return true; }
  double rate() const { return rate_; }

 private:
  double rate_;
};

/// dx = dy x mask / (1 - rate); inputs dy, mask.
class DropoutGradient : public OperatorKind {
 public:
  explicit DropoutGradient(double rate) : rate_(rate) {}
  std::string name() const override { return "dropout_gradient"; }
  Work work(const Graph& graph, const Operator& op) const override;
  bool is_elementwise() const override { return true; }
  double rate() const { return rate_; }

 private:
  double rate_;
};

}  // namespace simdse
