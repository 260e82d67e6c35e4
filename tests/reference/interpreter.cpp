#include "reference/interpreter.h"

#include "reference/kernels.h"
#include "workloads/operators/optimizer.h"

namespace simdse {

void Interpreter::run(bool forward_only) {
  for (const Operator& op : graph_.operators()) {
    if (forward_only && op.phase != Phase::forward) return;
    if (dynamic_cast<const OptimizerStep*>(op.kind.get()) == nullptr) run(op);
  }
}

void Interpreter::run(const Operator& op) {
  const auto arrays = [&](const std::vector<TensorId>& tensors) {
    Arrays result;
    for (const TensorId id : tensors) {
      Values& values = values_[id];
      values.resize(static_cast<std::size_t>(graph_.tensor(id).elements()));
      result.push_back({graph_.tensor(id).shape, &values});
    }
    return result;
  };
  for (const TensorId output : op.outputs) values_[output].clear();  // zeros
  run_kernel(op, arrays(op.inputs), arrays(op.outputs));
}

}  // namespace simdse
