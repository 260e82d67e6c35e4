// The least cycles that a task's work takes on cores of given dimensions, whatever the mapping.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
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

/// Bounds contractions on one kind of tensor core, of any number. Of all parts, part 0 has the
/// largest share. It takes at least the least, over dataflows, splits and tiles, all that the core
/// knows, of the larger of
///   matrix  the core's own timing of the part as one block. A part is cut into blocks of whole
///           tiles, whose spans on the core add up to no less (TilePipeline)
///   port    what enters through the port. Of a tile that has all of k one operand enters once and
///           the other once per tile of the first's axis, unless there is only one; else both enter
///           once per tile of the other's axis (ContractionStep)
class CoreBound {
 public:
  /// `port`: bytes per cycle of the fastest port that is to be covered. `calls` is told of every
  /// tile that is timed; it must outlive the bound.
  CoreBound(std::shared_ptr<const TensorCore> core, double port, CostCalls& calls)
      : core_(std::move(core)), port_(port), calls_(calls) {}

  /// `task` on `parts` cores; remembered by signature.
  PartCycles contraction(const Task& task, std::int64_t parts);

 private:
  PartCycles find(const Task& task, std::int64_t parts);
  /// With all PEs at work all the time: no tiles of the part take less.
  double peak_cycles(const Task& task, const ContractionShape& part) const;
  /// Of the tiles of a dataflow, if one takes less than `least`; else `least`.
  double tile_cycles(const Task& task, Dataflow dataflow, const ContractionShape& part,
                     double least);

  std::shared_ptr<const TensorCore> core_;
  double port_;
  CostCalls& calls_;
  std::vector<TimedTile> tiles_;  ///< scratch
  struct Known {
    std::int64_t parts = 0;
    PartCycles cycles;
  };
  std::vector<std::vector<Known>> known_;  ///< by signature
};

/// Bounds what vector cores do for a task: operations over lanes.
class VectorBound {
 public:
  explicit VectorBound(const VectorCore& core) : core_(core) {}

  /// Cycles of all that vector cores do for a task, on one core alone: its parts add up to it.
  double work(const Task& task);

  /// The part of a vector task's work, and of its bytes, that falls to part 0 of `parts` at least:
  /// as many of the whole units as rounding leaves to it.
  static double share(const Task& task, std::int64_t parts);

 private:
  const VectorCore& core_;
  std::vector<double> known_;  ///< by signature; negative: not yet
};

}  // namespace simdse
