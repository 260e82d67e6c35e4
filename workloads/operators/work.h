// Helpers for operator kinds to state their work.
#pragma once

#include "workloads/graph.h"
#include "workloads/operator.h"

namespace simdse {

/// Every input read once and every output written once, whole.
inline Work whole_tensors(const Graph& graph, const Operator& op) {
  Work work;
  for (const TensorId input : op.inputs) work.read.push_back(graph.tensor(input).bytes());
  for (const TensorId output : op.outputs) work.written.push_back(graph.tensor(output).bytes());
  return work;
}

/// Rows and columns of a tensor whose last axis is the row.
inline VectorShape rows_of(const Tensor& tensor) {
  VectorShape shape;
  shape.columns = tensor.shape.empty() ? 1 : tensor.shape.back();
  shape.rows = tensor.elements() / shape.columns;
  return shape;
}

}  // namespace simdse
