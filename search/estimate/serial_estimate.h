// The analytic time of a region on cores with single buffering, which load, work and store in turn.
#pragma once

#include "search/estimate/region_estimate.h"

namespace simdse {

/// True if the cores that pace the region do not move data while they work.
bool is_serial(const Chip& chip, const Region& region);

/// Where the time of such a region goes, in cycles. One step after another:
///   load      slowest level that its bytes pass, after the parts that ask at the same time, and
///             the way
///   work      the tile timing: nothing hides its filling. Its draining hides where the block of
///             results stays open, as the operands' place is free when the last is in the array
///   store     as load; behind a tensor core the vector core does it, and may work while the tensor
///             core loads again
struct SerialTime {
  double load = 0;
  double store = 0;
  double total = 0;  ///< from launch to the last byte stored
};

/// Follows part 0, which is the largest. What all parts move may still take longer (the bounds of
/// RegionEstimate).
SerialTime serial_time(const Chip& chip, const ChipRates& rates, const Region& region);

}  // namespace simdse
