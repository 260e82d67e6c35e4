// Runs the graph that the chips of a tensor-parallel group have alike on numbers: each chip with
// its own, the collectives done between them.
#pragma once

#include <vector>

#include "reference/interpreter.h"

namespace simdse {

class GroupInterpreter {
 public:
  GroupInterpreter(const Graph& graph, std::int64_t ranks)
      : graph_(graph), chips_(static_cast<std::size_t>(ranks), Interpreter(graph)) {}

  /// Gives each chip its part of `whole`, which has shape `shape`: the axis along which the
  /// tensor's own shape is smaller is split.
  void give(TensorId tensor, const Shape& shape, const Values& whole);

  /// The chips' parts of a tensor of shape `shape` put together; of one that all have alike, chip
  /// 0's. `difference` becomes the largest difference between chips that should have the same.
  Values whole(TensorId tensor, const Shape& shape, double& difference) const;

  /// Runs all operators but optimizer steps.
  void run();

 private:
  void run(const Operator& op);
  bool run_vocabulary(const Operator& op);
  void exchange(const Operator& op);

  const Graph& graph_;
  std::vector<Interpreter> chips_;
};

}  // namespace simdse
