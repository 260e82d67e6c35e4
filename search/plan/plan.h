// The Plan: everything that mapping and scheduling decide, and nothing that only running can tell.
// Estimate and simulation get the same Plan; it holds sizes, orders and addresses, but no times.
#pragma once

#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "search/plan/contraction_program.h"
#include "search/plan/vector_program.h"
#include "workloads/graph.h"

namespace simdse {

using RegionId = std::int32_t;

/// The memory levels that tensors live in. A core's private memory holds tiles only.
enum class Level { memory, buffer };

/// A piece of memory given to a tensor (or to sums that a region hands to another) for a while.
struct Allocation {
  TensorId tensor = kNone;  ///< the tensor that owns the bytes; kNone for a region's own scratch
  Level level = Level::memory;
  std::int64_t address = 0;
  Bytes bytes;
  RegionId first = kNone;  ///< region that makes the content; kNone: there from the start
  RegionId last = kNone;   ///< last region, in plan order, that reads it; kNone: lives to the end
};

/// Space is handed out in whole lines.
constexpr std::int64_t kAllocationLine = 256;

inline Bytes in_lines(Bytes bytes) { return Bytes(round_up(bytes.value(), kAllocationLine)); }

/// How a region reaches the bytes of a tensor.
enum class Path {
  direct,    ///< memory <-> core, past the global buffer
  staged,    ///< memory -> global buffer (a ring of blocks) -> cores; inputs only
  resident,  ///< global buffer <-> core: the tensor lives there
};

const char* path_name(Path path);

/// A positive fraction in lowest terms.
struct Ratio {
  std::int64_t numerator = 1;
  std::int64_t denominator = 1;

  static Ratio of(std::int64_t numerator, std::int64_t denominator) {
    const std::int64_t common = std::max<std::int64_t>(std::gcd(numerator, denominator), 1);
    return {numerator / common, denominator / common};
  }
  /// `count` times the fraction, rounded up.
  std::int64_t times(std::int64_t count) const {
    return denominator == 1 ? count * numerator : ceil_div(count * numerator, denominator);
  }
};

/// One tensor that a region reads or writes.
struct Operand {
  TensorId tensor = kNone;
  Path path = Path::direct;
  Bytes bytes;                    ///< moved if each byte moves once
  std::int64_t address = 0;       ///< in the buffer if resident, else in memory
  std::int64_t ring_address = 0;  ///< staged: place in the buffer ...
  Bytes ring_bytes;               ///< ... and size of the ring that blocks pass through
  Ratio bytes_per_element;  ///< of a contraction's index space: windows overlap, so it may be < 1
};

/// What runs as one tile program: a contraction with the vector operators fused behind it, or a
/// chain of vector operators. Part p runs on tensor core `tensor_cores[p]` (if it contracts) and
/// vector core `vector_cores[p]` (if it has vector work).
struct Region {
  RegionId id = kNone;
  std::vector<OperatorId> operators;
  std::vector<std::int32_t> tensor_cores;
  std::vector<std::int32_t> vector_cores;
  /// Regions that must be done before this one starts, beside those before it on its own cores:
  /// makers of its inputs, and users of space that it takes over. Ascending.
  std::vector<RegionId> after;

  std::optional<ContractionShape> contraction;
  NumberFormat format;  ///< of the contraction's operands, the wider of the two
  /// Products on the blocks of the contraction's product, which then stays on chip: a fused
  /// operator.
  std::vector<FollowUp> follow_ups;
  ContractionMapping mapping;
  /// Vector work per operator: the chain, or what is fused behind the contraction.
  std::vector<VectorShape> vector;
  VectorMapping vector_mapping;

  /// For a contraction, inputs 0 and 1 are A and B; further inputs belong to the vector work.
  std::vector<Operand> inputs;
  std::vector<Operand> outputs;

  std::size_t parts() const { return contraction ? tensor_cores.size() : vector_cores.size(); }

  /// Of the buffer, while it runs, for what passes through.
  Bytes ring_bytes() const {
    Bytes total;
    for (const Operand& input : inputs) {
      if (input.path == Path::staged) total += input.ring_bytes;
    }
    return total;
  }
};

/// The wider format of the two operands of a contraction.
inline const NumberFormat& operand_format(const Graph& graph, const Operator& op) {
  const NumberFormat& a = graph.tensor(op.inputs[0]).format;
  const NumberFormat& b = graph.tensor(op.inputs[1]).format;
  return b.bits > a.bits ? b : a;
}

/// Regions in an order in which they may start: each core runs its regions in this order.
struct Plan {
  std::vector<Region> regions;
  std::vector<Allocation> allocations;
  /// Bytes of memory in use at the worst moment of the plan's order.
  Bytes peak_memory;
  /// The same of the global buffer, with the rings of the region that runs.
  Bytes peak_buffer;
};

}  // namespace simdse
