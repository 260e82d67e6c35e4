// A distributed step on a system, simulated.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "models/base/worker_pool.h"
#include "search/system/system_estimate.h"
#include "search/system/system_step.h"

namespace simdse {

/// What a chip does with its time, as fractions that sum to 1, see RankRecord.
struct ChipTime {
  double compute = 0;
  double exchange = 0;
  double bubble = 0;

  ChipTime& operator+=(const ChipTime& other);
};

struct SystemSimulation {
  Seconds time;
  std::vector<ChipTime> places;  ///< by pipeline place: the mean of its chips
  std::uint64_t messages = 0;
  std::uint64_t events = 0;
  std::uint64_t piece_events = 0;  ///< of the pieces' simulations

  /// Mean of all chips.
  ChipTime mean() const;
};

/// A step on chips that a network joins. What it refers to must outlive its simulation.
struct SystemJob {
  const DistributedStep& step;
  const Interconnect& network;
  const PlaceDesigns& places;
};

struct SystemOutcome {
  std::optional<SystemSimulation> simulation;
  std::string failure;  ///< why there is none
  bool is_interrupted = false;

  /// The simulation, moved out. Throws NegativeResult when it was interrupted, std::runtime_error
  /// when it failed.
  SystemSimulation value();
};

/// Every piece that a design has to do is simulated once, tile by tile and alone on a chip, each in
/// a process of its own; then each system: all chips together, message by message, with compute
/// nodes of those times. As many side by side as there are workers; what comes out is the same for
/// any number, in the order of `jobs`. `progress` is told how many systems are done.
std::vector<SystemOutcome> simulate_systems(const std::vector<SystemJob>& jobs,
                                            const WorkerOptions& workers,
                                            const std::function<void(std::size_t)>& progress = {});

}  // namespace simdse
