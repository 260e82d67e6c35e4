// Which tensors of a graph depend on parameters.
#pragma once

#include <vector>

#include "workloads/graph.h"

namespace simdse {

/// For each tensor whether it is a parameter or made, through whatever, of one: those that have a
/// gradient.
inline std::vector<bool> influenced_by_parameters(const Graph& graph) {
  std::vector<bool> result;
  for (const Tensor& tensor : graph.tensors()) {
    result.push_back(tensor.role == TensorRole::parameter);
  }
  for (const Operator& op : graph.operators()) {
    for (const TensorId input : op.inputs) {
      if (!result[input]) continue;
      for (const TensorId output : op.outputs) result[output] = true;
    }
  }
  return result;
}

}  // namespace simdse
