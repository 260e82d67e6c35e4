// A search from its file to its answer: search, simulate, rank, explain.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/contender.h"
#include "cli/fidelity.h"
#include "cli/simulation_ladder.h"
#include "search/local/explain.h"
#include "search/local/local_search.h"
#include "search/local/search_spec.h"
#include "sim/run/gap.h"

namespace simdse {

/// The comparison that the report leads with: by the first objective, the best simulated design at
/// the first baseline's own modelled area and TDP.
struct Headline {
  std::size_t contender = 0;  ///< index into SearchRun::candidates
  double gain = 0;            ///< simulated worth over the baseline's
  double estimated_gain = 0;
};

struct SearchRunOptions {
  int workers = 1;
  /// Simulate in an order shuffled by this seed; the result must not depend on it.
  std::optional<std::uint64_t> seed;
  SimulationJob simulate = simulation_job;
  /// True ends the run with what it has, see SearchRun::is_partial.
  std::function<bool()> is_interrupted;

  WorkerOptions worker_options() const;
};

/// Everything a report needs.
struct SearchRun {
  SearchSpec spec;
  std::unique_ptr<TrainingSetup> setup;
  std::unique_ptr<Evaluator> evaluator;
  LocalSearchResult search;
  std::string nothing_proven;  ///< why the search has no certificate
  double search_seconds = 0;
  double simulation_seconds = 0;
  /// Best first, by simulation: those within budget and floor before the others.
  std::vector<Contender> candidates;
  std::vector<Contender> baselines;
  Decision decision;
  /// Of simulated designs, see yardstick_of.
  ThroughputFloor simulated_floor;
  std::optional<Fidelity> fidelity;  ///< over Decision::gaps designs; none if that is 0
  std::optional<Headline> headline;
  std::string no_headline;                  ///< why there is none
  std::vector<Contribution> contributions;  ///< to the headline's estimated gain
  std::vector<GapShare> gap;                ///< of the best candidate; empty if it is not known
  bool has_trace = false;                   ///< of the best candidate
  std::vector<Purchase> purchases;          ///< from the best candidate
  std::vector<std::string> warnings;
  /// Interrupted: the best so far, of which not all need be simulated, and nothing explained.
  bool is_partial = false;
};

/// By what the run judges. Where the floor is what a baseline achieves, simulated designs have to
/// reach what that achieves in the simulation.
Yardstick yardstick_of(const SearchRun& run);

/// Where candidate `index` stands by the estimate, among the candidates within the budget; 1: best.
std::size_t rank_by_estimate(const SearchRun& run, std::size_t index);

/// Runs. `on_ready` is called when the inputs have proved sound and the long work begins. With a
/// `trace_path`, the best candidate's trace is written there. A simulation that fails costs what it
/// was for, and nothing else. Throws InputError and NegativeResult.
SearchRun run_whole_search(SearchSpec spec, const SearchRunOptions& options,
                           const std::string& trace_path,
                           const std::function<void(const SearchRun&)>& on_ready = {});

}  // namespace simdse
