// A workload made ready: its training step and the tasks of it.
#pragma once

#include <string>
#include <vector>

#include "search/schedule/task_graph.h"
#include "workloads/statistics.h"
#include "workloads/workload.h"

namespace simdse {

/// Kept in one place because tasks refer to their graph.
struct TrainingSetup {
  explicit TrainingSetup(Workload loaded)
      : workload(std::move(loaded)),
        graph(derive_training_step(workload.forward, workload.training)),
        tasks(build_task_graph(graph, workload.training.software.kernels)),
        recomputed_macs(static_cast<double>(graph_statistics(graph).recomputed_macs)) {}
  TrainingSetup(const TrainingSetup&) = delete;
  TrainingSetup& operator=(const TrainingSetup&) = delete;

  /// Name of a region, for tables: its first operator's.
  std::string region_name(const Region& region) const {
    return graph.op(region.operators.front()).name;
  }

  Workload workload;
  Graph graph;
  TaskGraph tasks;
  double recomputed_macs;  ///< of a step's MACs those that repeat its forward pass
};

}  // namespace simdse
