// Rotary position embedding.
#pragma once

#include "workloads/operator.h"

namespace simdse {

/// Rotates each pair (x[i], x[i + width/2]) of a row by the angle of its position (Su et al. 2021,
/// in the half-split form of Llama). Inputs x [batch, sequence, ..., width] and the cosines and
/// sines [sequence, width]: the first half of a row has the cosines, the second the sines. The
/// gradient is the rotation back.
class Rotary : public OperatorKind {
 public:
  explicit Rotary(bool is_inverse = false) : is_inverse_(is_inverse) {}
  std::string name() const override { return is_inverse_ ? "rotary_gradient" : "rotary"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  bool is_rowwise() const override { return true; }
  bool is_inverse() const { return is_inverse_; }

 private:
  bool is_inverse_;
};

}  // namespace simdse
