// How many passes a stage has under way: in closed form, and counted.
#pragma once

#include <cstdint>
#include <vector>

#include "search/pipeline/pipeline_order.h"

namespace simdse {

/// Most chunk passes of a stage at once that have run forward and whose activations are still
/// there: until their backward (`whole`), and, of the zero-bubble schedule, until their weight
/// gradients (`with_weights`; elsewhere the same).
struct InFlight {
  std::int64_t whole = 0;
  std::int64_t with_weights = 0;
};

/// In closed form, for stage i of s with m microbatches and v chunks: gpipe m; 1F1B min(m, s - i);
/// interleaved min(m v, 2 (s - i - 1) + (v - 1) s + 1) chunk passes, each of 1/v of the stage;
/// zero-bubble min(m, s - i), and min(m, s) until the weight gradients.
InFlight peak_in_flight(PipelineSchedule schedule, PipelineShape shape, int stage);

/// The same counted over a stage's order.
InFlight count_in_flight(const std::vector<PipelineItem>& order);

}  // namespace simdse
