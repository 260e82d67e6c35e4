// Operators of unknown meaning.
#pragma once

#include <string>

#include "workloads/operator.h"

namespace simdse {

/// An operator of which only the shapes are known: it reads every input and writes every output
/// once and does one instruction per element of the larger side, so memory bounds it. Its gradient
/// is taken to be opaque too: it reads the outputs' gradients and all inputs.
class Opaque : public OperatorKind {
 public:
  explicit Opaque(std::string meaning) : meaning_(std::move(meaning)) {}
  std::string name() const override { return "opaque " + meaning_; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  bool is_opaque() const override { return true; }

 private:
  std::string meaning_;
};

}  // namespace simdse
