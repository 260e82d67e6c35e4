// The graph as the scheduler sees it: groups of fused operators with what they read and write.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "search/mapping/contraction_mapper.h"
#include "workloads/fusion.h"
#include "workloads/graph.h"

namespace simdse {

using TaskId = std::int32_t;

/// Bytes of a tensor that a task moves. `tensor` owns the bytes; a view begins at `offset`.
struct TaskTensor {
  TensorId tensor = kNone;
  Bytes offset;
  Bytes bytes;
};

/// One group of fused operators.
struct Task {
  OperatorGroup operators;
  std::optional<ContractionShape> contraction;
  NumberFormat format;  ///< of the contraction's operands, the wider of the two
  std::vector<FollowUp> follow_ups;
  std::vector<VectorShape> vector;  ///< the chain, or what is fused behind the contraction
  /// What comes from and goes to other tasks; of a contraction, inputs 0 and 1 are its operands.
  std::vector<TaskTensor> inputs;
  std::vector<TaskTensor> outputs;
  std::vector<TaskId> predecessors;
  std::vector<TaskId> successors;
  /// Tasks of equal signature do equal work and so are mapped alike.
  std::int32_t signature = 0;

  Bytes bytes_in() const;
  Bytes bytes_out() const;
  bool has_vector_work() const { return !vector.empty(); }
};

/// Tasks in topological order. Does not depend on any chip.
struct TaskGraph {
  const Graph* graph = nullptr;
  std::vector<Task> tasks;
  std::int32_t signatures = 0;
  std::vector<Bytes> tensor_bytes;  ///< by tensor
  /// Bytes that every schedule needs: what is there all the time, and the operands of the largest
  /// operator.
  double least_memory = 0;
};

/// The format in which most of the graph's MACs are made: the one that a peak rate refers to.
NumberFormat product_format(const TaskGraph& graph);

/// `graph` must outlive the result. Where `rules` has kernels run in order, each task waits for the
/// one before it.
TaskGraph build_task_graph(const Graph& graph, const KernelRules& rules = {});

}  // namespace simdse
