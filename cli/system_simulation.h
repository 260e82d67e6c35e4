// A distributed step on a system, simulated.
#pragma once

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

/// Every piece that a design has to do is simulated once, tile by tile and alone on a chip, each in
/// a process of its own; then all chips together, message by message, with compute nodes of those
/// times. Throws NegativeResult when it is interrupted, and std::runtime_error when a simulation
/// fails.
SystemSimulation simulate_system(const DistributedStep& step, const Interconnect& network,
                                 const PlaceDesigns& places, const WorkerOptions& workers);

}  // namespace simdse
