// What a graph amounts to: parameters, work, traffic, memory and inherent parallelism.
#pragma once

#include <cstdint>
#include <vector>

#include "workloads/graph.h"

namespace simdse {

/// Bytes that must exist at once, by class. `activations` is the peak, over the operators in their
/// order, of what has been made and will still be read; the others live through the whole
/// iteration.
struct MemoryNeed {
  Bytes weights;
  Bytes gradients;
  Bytes optimizer;
  Bytes activations;

  Bytes total() const { return weights + gradients + optimizer + activations; }
};

struct GraphStatistics {
  std::int64_t parameters = 0;
  std::int64_t operators = 0;        ///< views not counted
  std::int64_t macs = 0;             ///< all that are done, ...
  std::int64_t recomputed_macs = 0;  ///< ... and those of them that only recomputation asks for
  Bytes bytes_read;
  Bytes bytes_written;
  MemoryNeed memory;
  /// The longest chain of dependent operators, and the most MACs on any chain.
  std::int64_t critical_operators = 0;
  std::int64_t critical_macs = 0;

  /// MACs / critical MACs: how many equal cores could be kept busy without splitting an operator.
  double average_parallelism() const {
    return critical_macs == 0 ? 1 : static_cast<double>(macs) / static_cast<double>(critical_macs);
  }
};

GraphStatistics graph_statistics(const Graph& graph);

/// For every tensor that owns its bytes: the operator after which they are no longer read, kNone
/// for tensors that nobody reads. Reads through views count.
std::vector<OperatorId> last_readers(const Graph& graph);

}  // namespace simdse
