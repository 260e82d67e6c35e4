// A search for one design for many workloads, from its file to its answer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/contender.h"
#include "search/sets/common_search.h"

namespace simdse {

/// What one workload of the set has of it.
struct SetRow {
  std::string name;
  double weight = 1;
  std::unique_ptr<TrainingSetup> setup;
  std::unique_ptr<Evaluator> evaluator;
  std::optional<Contender> baseline;  ///< the first of its search file
  std::optional<Contender> own;       ///< the best for it alone; see CommonResult::own
  std::optional<Contender> common;    ///< the set's, if there is one

  /// Those that there are.
  std::vector<Contender*> contenders();

  /// Simulated worth of `a` over that of `b`; 0 if one was not simulated.
  double simulated_ratio(Objective objective, const std::optional<Contender>& a,
                         const std::optional<Contender>& b) const;
};

struct SetRun {
  SetSpec spec;
  CommonResult found;
  std::vector<SetRow> rows;  ///< in the set's order
  /// Interrupted: what was found until then, of which not all need be simulated.
  bool is_partial = false;
  double search_seconds = 0;
  double simulation_seconds = 0;

  Objective objective() const { return spec.members.front().search.options.objectives.front(); }
  std::vector<double> weights() const;
};

/// Searches, then simulates on every workload the baseline, its own best design and the common one.
/// `on_ready` is called when the inputs have proved sound. A simulation that fails is told in its
/// contender. Throws InputError and NegativeResult.
SetRun run_whole_set(SetSpec spec, const WorkerOptions& workers, const SimulationJob& simulate,
                     const std::function<void(const SetRun&)>& on_ready = {});

}  // namespace simdse
