// A distributed step on a system: planned, estimated, simulated.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/base/worker_pool.h"
#include "models/network/system.h"
#include "search/pipeline/pipeline_memory.h"
#include "search/system/system_estimate.h"
#include "sim/system/system_run.h"
#include "workloads/workload.h"

namespace simdse {

/// A network, its parallelism, and the parts of both. Kept in one place because tasks refer to
/// graphs.
struct SystemStep {
  /// Throws InputError where the degrees don't suit the network or the chips, and when a stage does
  /// not fit `memory`, the bytes of a chip.
  SystemStep(Workload microbatch, const Parallelism& parallelism, Bytes memory);

  Workload workload;  ///< of one microbatch
  MemoryPlan memory;
  DistributedStep step;
};

/// Reads a workload of one microbatch as `parallelism` says (microbatch, recompute). Throws
/// InputError.
Workload load_microbatch(const std::string& name_or_path, const DataFiles& files,
                         std::vector<Override> overrides, const Parallelism& parallelism);

/// What one rank does with its time, as fractions that sum to 1.
struct RankTime {
  double compute = 0;
  double exchange = 0;
  double bubble = 0;
};

struct SystemResult {
  Seconds estimate;
  std::vector<RankShares> estimated_places;
  Seconds simulated;
  std::vector<RankTime> ranks;
  std::uint64_t messages = 0;
  std::uint64_t events = 0;
  std::uint64_t piece_events = 0;  ///< of the pieces' simulations

  double gap() const { return estimate / simulated - 1; }
};

/// Chips of the designs that the pipeline's places have: a common one, or one for each place.
struct PlaceDesigns {
  std::vector<std::shared_ptr<const Chip>> designs;
  std::vector<std::size_t> of_place;
};

/// The time of a step by the estimate. Throws InputError when the workload does not fit.
SystemEstimate estimate_system_step(const Interconnect& network, const SystemStep& step,
                                    const PlaceDesigns& places);

/// Every piece is simulated once, tile by tile and alone on a chip;
/// then all chips together, message by message, whose compute nodes take those times. Throws
/// InputError when the workload does not fit, and std::runtime_error when a simulation fails.
SystemResult run_system_step(const Interconnect& network, const SystemStep& step,
                             const PlaceDesigns& places, const WorkerOptions& workers);
/// All chips like the system's.
SystemResult run_system_step(const System& system, const SystemStep& step,
                             const WorkerOptions& workers);

}  // namespace simdse
