// Gradients that are kept in a format of their own, and passes over them and over weights.
#pragma once

#include <string>

#include "workloads/operator.h"
#include "workloads/software.h"

namespace simdse {

/// Adds the gradient of one microbatch to a parameter's main gradient, in place. Inputs: gradient,
/// main gradient; output: the main gradient's bytes again.
class AccumulateGradient : public OperatorKind {
 public:
  std::string name() const override { return "accumulate"; }
  Work work(const Graph& graph, const Operator& op) const override;
  bool is_elementwise() const override { return true; }
};

/// One pass over a tensor: reads its inputs whole, the first one being the tensor, and writes its
/// outputs.
class TensorPass : public OperatorKind {
 public:
  explicit TensorPass(UpdatePass pass) : pass_(pass) {}
  std::string name() const override {
    return update_pass_names()[static_cast<std::size_t>(pass_)] + "_pass";
  }
  Work work(const Graph& graph, const Operator& op) const override;
  UpdatePass pass() const { return pass_; }

 private:
  UpdatePass pass_;
};

}  // namespace simdse
