// A design on its way from the estimate to the simulation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/report/progress.h"
#include "cli/simulation_job.h"
#include "cli/training_setup.h"
#include "search/local/evaluator.h"
#include "search/local/objective.h"
#include "search/local/search_space.h"
#include "sim/run/simulation.h"

namespace simdse {

/// A design that is estimated and simulated: a candidate or a baseline.
struct Contender {
  std::string name;
  Chip chip;
  Point point;                        ///< in the search space; empty if the space does not have it
  std::vector<Objective> chosen_for;  ///< of whose best designs it is one; empty: simulated later
  PlanResult planned;
  PlanEstimate estimate;
  std::optional<SimulationResult> simulation;
  std::string failure;          ///< why there is no simulation
  bool is_interrupted = false;  ///< that is why
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

/// Plans and estimates a design. Throws InputError when the workload does not fit it, and
/// PluginFailure.
Contender make_contender(const Evaluator& evaluator, std::string name, const Design& design);

/// What a contender is worth by an objective: by the estimate, and by the simulation (0 if there is
/// none).
double estimated_worth(Objective objective, const TrainingSetup& setup, const Contender& contender);
double simulated_worth(Objective objective, const TrainingSetup& setup, const Contender& contender);

/// Simulates, several at a time; one that fails has a `failure` afterwards. `done` is told how many
/// have ended.
void simulate_contenders(const std::vector<Contender*>& contenders, const TrainingSetup& setup,
                         const SimulationJob& simulate, const WorkerOptions& workers,
                         const std::function<void(std::size_t)>& done);

}  // namespace simdse
