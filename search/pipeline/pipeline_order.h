// Pipeline schedules: in which order each stage does its work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/base/units.h"
#include "workloads/parallel/parallelism.h"

namespace simdse {

/// `stages` places, each with `interleave` chunks of the model: chunk c of place i is part
/// c x stages + i of the model.
struct PipelineShape {
  int stages = 1;
  int microbatches = 1;
  int interleave = 1;

  int parts() const { return stages * interleave; }
};

enum class PipelineWork {
  forward,          ///< F
  backward,         ///< input and weight gradients together
  input_gradient,   ///< B
  weight_gradient,  ///< W
};

struct PipelineItem {
  PipelineWork kind = PipelineWork::forward;
  int microbatch = 0;
  int chunk = 0;

  friend bool operator==(const PipelineItem& x, const PipelineItem& y) {
    return x.kind == y.kind && x.microbatch == y.microbatch && x.chunk == y.chunk;
  }
};

/// The items of each stage in their order. The zero-bubble schedule has weight gradients apart, the
/// others have backward items. Throws InputError: interleaved needs 2 or more chunks and a number
/// of microbatches that the stages divide; the others have one chunk.
std::vector<std::vector<PipelineItem>> pipeline_order(PipelineSchedule schedule,
                                                      PipelineShape shape);

/// Most bytes of activations over a stage's order, when each pass of chunk c keeps `kept[c]` from
/// forward to backward and, where weight gradients are apart, `for_weights[c]` from there to them.
Bytes peak_activations(const std::vector<PipelineItem>& order, const std::vector<Bytes>& kept,
                       const std::vector<Bytes>& for_weights);

/// Share of the time that stages stand idle when all are equally fast and links cost nothing:
/// gpipe and 1F1B (s-1) / (m+s-1); interleaved (s-1) / (v m+s-1) (Narayanan et al. 2021, section
/// 2.2); zero-bubble b / (m (F+B+W) + b) with b = (s-1) max(F+B-W, 0) (Qi et al. 2023, table 1), of
/// fewer microbatches than stages a lower bound. F, B, W are the times of one microbatch.
double bubble_fraction(PipelineSchedule schedule, PipelineShape shape, double forward,
                       double input_gradient, double weight_gradient);

/// What a user should know of fewer microbatches than stages: the bubble that they cost. Empty
/// otherwise.
std::string microbatch_warning(PipelineSchedule schedule, PipelineShape shape);

}  // namespace simdse
