#include "reference/in_flight.h"

#include <algorithm>

namespace simdse {

InFlight peak_in_flight(PipelineSchedule schedule, PipelineShape shape, int stage) {
  const std::int64_t m = shape.microbatches;
  const std::int64_t behind = shape.stages - 1 - stage;
  switch (schedule) {
    case PipelineSchedule::gpipe:
      return {m, m};
    case PipelineSchedule::one_f_one_b:
      return {std::min(m, behind + 1), std::min(m, behind + 1)};
    case PipelineSchedule::interleaved: {
      const std::int64_t passes = std::min(
          m * shape.interleave, 2 * behind + std::int64_t{shape.interleave - 1} * shape.stages + 1);
      return {passes, passes};
    }
    case PipelineSchedule::zero_bubble:
      return {std::min(m, behind + 1), std::min<std::int64_t>(m, shape.stages)};
  }
  return {};
}

InFlight count_in_flight(const std::vector<PipelineItem>& order) {
  InFlight now;
  InFlight peak;
  for (const PipelineItem& item : order) {
    switch (item.kind) {
      case PipelineWork::forward:
        ++now.whole;
        ++now.with_weights;
        break;
      case PipelineWork::backward:
        --now.whole;
        --now.with_weights;
        break;
      case PipelineWork::input_gradient:
        --now.whole;
        break;
      case PipelineWork::weight_gradient:
        --now.with_weights;
        break;
    }
    peak.whole = std::max(peak.whole, now.whole);
    peak.with_weights = std::max(peak.with_weights, now.with_weights);
  }
  return peak;
}

}  // namespace simdse
