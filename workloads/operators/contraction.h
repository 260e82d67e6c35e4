// Tensor contractions: every matrix product, batched or not, as one kind with index labels.
#pragma once

#include <memory>
#include <string>

#include "workloads/operator.h"

namespace simdse {

/// C = sum over the shared labels of A x B, in the notation of Einstein sums with one letter per
/// axis: "bsh,hn->bsn" is a linear layer, "bqhd,bkhd->bhqk" are attention scores. A label in all
/// three operands is a batch axis, in A and C it belongs to M, in B and C to N, in A and B to K.
/// The gradients are contractions of the same labels: dA = C,B->A and dB = A,C->B, so each has
/// exactly the multiply-accumulates of the forward product.
class Contraction : public OperatorKind {
 public:
  Contraction(std::string a, std::string b, std::string c);

  std::string name() const override { return "contraction"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;

  const std::string& a() const { return a_; }
  const std::string& b() const { return b_; }
  const std::string& c() const { return c_; }

 private:
  std::string a_;
  std::string b_;
  std::string c_;
};

/// From "bsh,hn->bsn". Throws std::invalid_argument when a label repeats within an operand or
/// appears in one operand only.
std::shared_ptr<const Contraction> contraction_kind(const std::string& equation);

/// Shape of the product. Throws std::invalid_argument when ranks or the sizes of a label disagree.
Shape contraction_shape(const Contraction& kind, const Shape& a, const Shape& b);

}  // namespace simdse
