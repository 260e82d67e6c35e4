// The mapping search of one contraction: small, deterministic, under the capacity of every memory.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "search/estimate/region_estimate.h"
#include "search/mapping/cost_calls.h"

namespace simdse {

/// What is to be mapped: sizes, and how many bytes each operand has per index of the product.
struct ContractionProblem {
  ContractionShape shape;
  NumberFormat format;  ///< of the operands, the wider of the two
  Ratio a_bytes;
  Ratio b_bytes;
  double c_bytes = 2;  ///< all outputs together, per element of the product
  /// Vector instructions (special functions weighted) per element of the product that follow on
  /// chip.
  std::int64_t epilogue_operations = 0;
  /// Products that follow on chip; then each block has all of k, blocks that share the rows of what
  /// is summed up follow each other, and parts divide the batch (or m, where nothing is summed over
  /// m).
  std::vector<FollowUp> follow_ups;
  /// The only dataflow to consider; empty: all that the core has.
  std::optional<Dataflow> dataflow;

  bool sums_over_m() const {
    return std::any_of(follow_ups.begin(), follow_ups.end(),
                       [](const FollowUp& f) { return f.sum == ContractionAxis::m; });
  }
};

/// A mapping with the memory it needs.
struct MappedContraction {
  ContractionMapping mapping;
  Path a_path = Path::direct;
  Path b_path = Path::direct;
  Bytes a_ring;  ///< of all parts together
  Bytes b_ring;

  Bytes staging() const { return a_ring + b_ring; }
};

/// The best mapping on `parts` equal tensor cores, with `vector_core` behind each, within `staging`
/// bytes of the global buffer: least time by the bounds, then least traffic to memory, then least
/// staging. First that of all splits along one axis; behind it, if it is better by these measures,
/// the best of a split along two, for the estimate to choose between them. Empty if no mapping
/// fits, or the product can't be divided into that many parts.
///
/// Candidates: every dataflow of the core (that is asked for) x every axis to split, or the two
/// most promising grids x the core's tiles x panels that double from a block to the whole axis x
/// both panel orders x what is held in the buffer. Each tile and each candidate is one of `calls`.
std::vector<MappedContraction> map_contraction(const ChipRates& rates, const TensorCore& core,
                                               const VectorCore& vector_core,
                                               const ContractionProblem& problem,
                                               std::int64_t parts, Bytes staging,
                                               CostCalls* calls = nullptr);

}  // namespace simdse
