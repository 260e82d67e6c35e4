#include "models/chip/work_time.h"

#include <algorithm>
#include <stdexcept>

namespace simdse {

Seconds work_time(const Chip& chip, const RankWork& work) {
  if (work.piece >= 0) throw std::logic_error("the time of a piece is looked up");
  if (work.duration > Seconds(0)) return work.duration;
  double operations_per_cycle = 0;
  for (const auto& core : chip.vector_cores()) {
    operations_per_cycle += static_cast<double>(core->peak_operations_per_cycle());
  }
  const double matrix = static_cast<double>(work.macs) / chip.peak_macs_per_second();
  const double vector = static_cast<double>(work.operations) /
                        (operations_per_cycle * chip.clock().frequency().value());
  return std::max(
      {Seconds(matrix), Seconds(vector), work.bytes / chip.memory().sustained_bandwidth()});
}

}  // namespace simdse
