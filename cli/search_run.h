// A search from its file to its answer: search, simulate, rank, explain.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/fidelity.h"
#include "cli/report/progress.h"
#include "cli/simulation_job.h"
#include "cli/training_setup.h"
#include "search/local/explain.h"
#include "search/local/local_search.h"
#include "search/local/search_spec.h"
#include "sim/run/gap.h"
#include "sim/run/simulation.h"

namespace simdse {

/// A design that is estimated and simulated: a candidate or a baseline.
struct Contender {
  std::string name;
  Chip chip;
  Point point;  ///< in the search space; empty if the space does not have it
  std::vector<Objective> chosen_for;
  PlanResult planned;
  PlanEstimate estimate;
  std::optional<SimulationResult> simulation;
  std::string failure;  ///< why there is no simulation
  /// False for a candidate over the search's budget that is there for the comparison alone.
  bool is_in_budget = true;
  /// True for a candidate that is a baseline: the space has it, and the search found none better.
  bool is_baseline = false;

  double estimated_throughput(std::int64_t batch) const {
    return static_cast<double>(batch) / estimate.time.value();
  }
  /// 0 if there is no simulation.
  double simulated_throughput(std::int64_t batch) const {
    return simulation ? static_cast<double>(batch) / to_seconds(simulation->time).value() : 0;
  }
};

/// The comparison that the report leads with: the fastest simulated design at the first baseline's
/// own modelled area and TDP.
struct Headline {
  std::size_t contender = 0;  ///< index into SearchRun::candidates
  double speedup = 0;         ///< simulated
  double estimated_speedup = 0;
};

struct SearchRunOptions {
  int workers = 1;
  /// Simulate in an order shuffled by this seed; the result must not depend on it.
  std::optional<std::uint64_t> seed;
  SimulationJob simulate = simulation_job;
  /// True ends the run with what it has, see SearchRun::is_partial.
  std::function<bool()> is_interrupted;
};

/// Everything a report needs.
struct SearchRun {
  SearchSpec spec;
  std::unique_ptr<TrainingSetup> setup;
  std::unique_ptr<Evaluator> evaluator;
  LocalSearchResult search;
  double search_seconds = 0;
  double simulation_seconds = 0;
  std::vector<Contender> candidates;  ///< best first, by simulation; those over the budget last
  std::vector<Contender> baselines;
  Fidelity fidelity;
  std::optional<Headline> headline;
  std::string no_headline;                  ///< why there is none
  std::vector<Contribution> contributions;  ///< to the headline's estimated speed-up
  std::vector<GapShare> gap;                ///< of the best candidate; empty if it is not known
  bool has_trace = false;                   ///< of the best candidate
  std::vector<Purchase> purchases;          ///< from the best candidate
  std::vector<std::string> warnings;
  /// Interrupted: the best so far, of which not all need be simulated, and nothing explained.
  bool is_partial = false;
};

/// Runs. `on_ready` is called when the inputs have proved sound and the long work begins. With a
/// `trace_path`, the best candidate's trace is written there. A simulation that fails costs what it
/// was for, and nothing else. Throws InputError and NegativeResult.
SearchRun run_whole_search(SearchSpec spec, const SearchRunOptions& options,
                           const std::string& trace_path,
                           const std::function<void(const SearchRun&)>& on_ready = {});

}  // namespace simdse
