// A network that is trained on the chips of a system: how it is split, and the memory that takes.
#pragma once

#include <string>
#include <vector>

#include "search/pipeline/pipeline_memory.h"
#include "search/system/distributed_step.h"

namespace simdse {

/// Kept in one place because tasks refer to graphs.
struct SystemStep {
  /// `microbatch` is the workload of one microbatch, see load_microbatch. Throws InputError where
  /// the degrees don't suit the network, and when a stage does not fit `capacity`, the memory of a
  /// chip.
  SystemStep(Workload microbatch, const Parallelism& parallelism, Bytes capacity)
      : workload(std::move(microbatch)),
        memory(plan_memory_that_fits(workload, parallelism, capacity)),
        step(workload, parallelism, memory.first) {}

  Workload workload;
  MemoryPlan memory;
  DistributedStep step;
};

/// Loads a workload with one microbatch as its batch, recomputation as `parallelism` says, and the
/// system's software unless it names another. Throws InputError.
Workload load_microbatch(const std::string& name_or_path, const DataFiles& files,
                         std::vector<Override> overrides, const Parallelism& parallelism,
                         const Software& software);

}  // namespace simdse
