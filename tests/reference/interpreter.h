// A reference interpreter: runs a graph on numbers, slowly and plainly, so that the derived
// backward pass can be compared with finite differences. No framework, no hardware.
#pragma once

#include <map>
#include <vector>

#include "workloads/graph.h"

namespace simdse {

using Values = std::vector<double>;

/// The values of a graph's tensors. Tensors without a producer must be given; the operators are run
/// in their order. Optimizer steps are not run.
class Interpreter {
 public:
  explicit Interpreter(const Graph& graph) : graph_(graph), values_(graph.tensors().size()) {}

  Values& values(TensorId tensor) { return values_[tensor]; }
  const Values& values(TensorId tensor) const { return values_[tensor]; }

  /// Runs all operators, or the forward pass alone.
  void run(bool forward_only);

  /// Runs one operator, whose inputs must be there.
  void run(const Operator& op);

 private:
  const Graph& graph_;
  std::vector<Values> values_;
};

}  // namespace simdse
