// Memory per chip of a stage in a pipeline.
#pragma once

#include <cstdint>
#include <vector>

#include "workloads/parallel/pieces.h"
#include "workloads/parallel/stages.h"

namespace simdse {

/// What a part of a stage (one chunk of the network) needs on its chip, before data parallelism
/// shares anything out.
struct PartNeed {
  Bytes parameters;
  Bytes gradients;
  Bytes optimizer;
  /// Of the parameters and of the gradients, those of the part that has most of them.
  Bytes largest_parameters;
  Bytes largest_gradients;
  /// Kept for one microbatch from its forward to its backward pass: what the forward pass made, or
  /// got, and the backward pass reads. With full recomputation these are the layers' inputs.
  Bytes kept;
  /// Kept from the input gradients to the weight gradients, where a schedule has them apart: what
  /// weight gradients read.
  Bytes for_weights;
  /// What the work on one microbatch needs at its peak beside what it keeps.
  Bytes working;
};

/// `step` is stage.training_step(). Ids of the two agree.
PartNeed part_need(const PipelineStage& stage, const BoundedStep& step);

/// What several parts of one chip need. Of what passes with microbatches, kept and for_weights add
/// up, as if each part had one; the largest working memory counts.
PartNeed operator+(const PartNeed& x, const PartNeed& y);

struct ChipMemory {
  Bytes parameters;
  Bytes gradients;
  Bytes optimizer;
  Bytes activations;  ///< of microbatches under way
  Bytes working;      ///< beside them, and what is whole of the parts at work under ZeRO-3

  Bytes total() const { return parameters + gradients + optimizer + activations + working; }
};

/// Memory of a chip in one of `data` replicas under ZeRO stage `zero` (Rajbhandari et al. 2020): 1
/// shares out the optimizer's state, 3 gradients and parameters too. Then parameters are gathered
/// part by part while the item before runs, and gradients scattered behind an item: beside its
/// shares the chip has, whole, the parameters of two parts and the gradients of one. `activations`
/// is what the schedule makes of `kept` and `for_weights` (search/pipeline/pipeline_order.h).
ChipMemory chip_memory(const PartNeed& need, Bytes activations, std::int64_t data, int zero);

}  // namespace simdse
