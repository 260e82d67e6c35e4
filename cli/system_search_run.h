// A search for the chips of a system, with what the simulation says of the choices.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "cli/system_simulation.h"
#include "models/base/worker_pool.h"
#include "search/local/search_spec.h"
#include "search/system/degree_search.h"

namespace simdse {

struct SimulatedChoice {
  const SystemChoice* choice = nullptr;        ///< of the search's result
  std::optional<SystemSimulation> simulation;  ///< none if there was no time for it
};

struct SystemSearchRun {
  /// One design for all stages: those that are simulated, best first by the simulation; without any
  /// the best by the estimate.
  std::vector<SimulatedChoice> commons;
  std::optional<SimulatedChoice> mosaic;  ///< if by the estimate it is better than all of these
  std::vector<SimulatedChoice> baselines;
  std::size_t estimated = 0;  ///< choices of one design, simulated or not
  std::size_t gaps = 0;       ///< choices whose estimate is held against a simulation
  /// Of these, the most that the simulated worth was above the estimated one, as a share.
  std::optional<double> most_favourable;
  /// Choices of one design that are not simulated and would be best if the simulation were as
  /// favourable to them.
  std::size_t open = 0;
  bool is_partial = false;

  std::size_t simulated() const;  ///< of `commons`
  /// Whether the best of `commons` is the best choice of one design. Fewer gaps than kLeastGaps
  /// decide nothing, unless nothing is left to try.
  bool is_decided() const;
};

/// Simulates the baselines, the best common design and the mosaic, then further common designs down
/// the ranking until there are kLeastGaps simulations and none of the rest would be the best, even
/// if its simulation were as favourable as the most favourable so far, or SearchSpec::simulations
/// are spent. An interrupt leaves the rest not simulated. `progress` is told how many are done.
/// `result` must outlive what is returned.
SystemSearchRun simulate_choices(const SearchSpec& spec, const DegreeSearchResult& result,
                                 const WorkerOptions& workers,
                                 const std::function<void(std::int64_t)>& progress);

}  // namespace simdse
