// Whether a network that is split over chips fits their memory, and what would make it fit.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "search/pipeline/pipeline_order.h"
#include "workloads/parallel/memory.h"
#include "workloads/workload.h"

namespace simdse {

/// Memory of a chip of each pipeline place. `parts` are those of the model, see PipelineShape.
std::vector<ChipMemory> pipeline_memory(const std::vector<PartNeed>& parts,
                                        PipelineSchedule schedule, PipelineShape shape,
                                        std::int64_t data, int zero);

/// What each unit would need as a part of its own; what several need together is taken to be the
/// sum (PartNeed's +), which is exact but for working memory and tied parameters.
std::vector<PartNeed> unit_needs(const Graph& forward, const std::vector<PipelineUnit>& units,
                                 const TrainingOptions& options);

/// For CutCosts: by how much units [begin, end) as part `part` are too large for a chip with
/// `capacity`. With several chunks per stage, as if all of the chip's were like this one, and its
/// share of what is too much.
std::function<Bytes(std::size_t begin, std::size_t end, int part)> memory_excess(
    std::vector<PartNeed> units, const Parallelism& parallelism, Bytes capacity);

/// A network cut for the chips' memory.
struct MemoryPlan {
  std::vector<std::size_t> first;   ///< unit of each part, see cut_stages
  std::vector<ChipMemory> places;   ///< by pipeline place
  std::vector<std::int64_t> turns;  ///< of the model's repetition (its layers), by part

  std::size_t largest_place() const;
  Bytes largest() const { return places[largest_place()].total(); }
};

/// Shards and cuts the workload, whose batch is one microbatch, as `parallelism` (complete) says;
/// without given cuts so that multiply-accumulates are balanced among those cuts that fit, or among
/// all if none does. Throws InputError when the degrees don't suit the network.
MemoryPlan plan_memory(const Workload& workload, const Parallelism& parallelism, Bytes capacity);

/// What a user should know of parts with unequal numbers of layers where there are fewer layers
/// than parts can share evenly: what the largest costs. Empty where they divide.
std::string layers_warning(const MemoryPlan& plan);

/// The same, and throws InputError when it does not fit: which stage needs how much for what, how
/// much too much that is, and which change of recomputation, state sharing, sequence
/// parallelism, stages or tensor degree would make it fit, or else which two of them together.
MemoryPlan plan_memory_that_fits(const Workload& workload, const Parallelism& parallelism,
                                 Bytes capacity);

}  // namespace simdse
