// The least cycles that a task's work takes on cores of given dimensions, whatever the mapping.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "search/schedule/task_options.h"

namespace simdse {

/// Cycles of the slowest part on its core, at least; infinite where a task can't be divided so.
struct PartCycles {
  double whole_sums = std::numeric_limits<double>::infinity();
  /// With k split, so that partial sums go out and are added up afterwards.
  double split_sums = std::numeric_limits<double>::infinity();
  std::int64_t most_sums = 1;  ///< partial sums of the split of k that takes `split_sums`, at least
};

/// Bounds tasks on one kind of tensor core and one kind of vector core, for any number of them.
///
/// A contraction, of which part 0 is the largest share: the least over dataflows, splits and tiles,
/// all that the core knows, of the larger of
///   matrix  the core's own timing of the part as one block. A part is cut into blocks of whole
///           tiles, whose spans on the core add up to no less (TilePipeline)
///   port    what enters through the port. Of a tile that has all of k one operand enters once and
///           the other once per tile of the first's axis, unless there is only one; else both enter
///           once per tile of the other's axis (ContractionStep)
/// and of what follows on its sums, on the vector core behind.
///
/// A vector task: operations over lanes. Part 0 has as many of the whole units as rounding leaves.
class CoreBound {
 public:
  /// `rates`: the fastest port that is to be covered.
  CoreBound(const Chip& chip, std::int32_t tensor_core, const ChipRates& rates);

  /// `task` on `parts` tensor cores, each with a vector core behind; cached by `signature`.
  const PartCycles& contraction(const Task& task, std::int64_t parts);

  /// Cycles of all that vector cores do for a task, on one core alone: shares of it add up to it.
  double vector_work(const Task& task);

  /// The part of a vector task's work, and of its bytes, that falls to part 0 of `parts` at least.
  static double vector_share(const Task& task, std::int64_t parts);

 private:
  PartCycles find(const Task& task, std::int64_t parts) const;
  double tile_cycles(const Task& task, Dataflow dataflow, const ContractionShape& part) const;

  const TensorCore& core_;
  const VectorCore& vector_core_;
  double port_;
  std::map<std::pair<std::int32_t, std::int64_t>, PartCycles> known_;
  std::map<std::int32_t, double> vector_known_;
};

}  // namespace simdse
