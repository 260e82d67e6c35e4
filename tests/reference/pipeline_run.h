// How long a pipeline takes with given times, without looking at programs of ranks.
#pragma once

#include <vector>

#include "search/pipeline/pipeline_order.h"

namespace simdse {

/// Times of one microbatch, by part of the model (see PipelineShape).
struct PipelineTimes {
  std::vector<Seconds> forward;
  std::vector<Seconds> input_gradient;
  std::vector<Seconds> weight_gradient;
  /// From part i to part i + 1: activations; and of gradients back. One less than parts.
  std::vector<Seconds> send;
  std::vector<Seconds> send_back;

  /// All parts alike.
  static PipelineTimes uniform(PipelineShape shape, Seconds forward, Seconds input_gradient,
                               Seconds weight_gradient, Seconds transfer = Seconds(0));
};

struct ItemSpan {
  Seconds start;
  Seconds finish;
};

struct PipelineRun {
  std::vector<std::vector<ItemSpan>> spans;  ///< by stage, as its order
  std::vector<Seconds> busy;                 ///< by stage
  Seconds time;                              ///< from the first start to the last finish

  /// Share of all stages' time in which they have nothing to do.
  double bubble() const;
};

/// Runs the orders: each stage does its items one after another, each as soon as what it needs is
/// there: a forward item the forward of the part before, a backward item that of the part behind
/// and, in the last part, its own forward; weight gradients follow their input gradients. Transfers
/// cost latency, and nobody's time: links are free and overlap with all else. Throws
/// std::logic_error when orders wait for each other.
PipelineRun run_pipeline(const std::vector<std::vector<PipelineItem>>& orders, PipelineShape shape,
                         const PipelineTimes& times);

}  // namespace simdse
