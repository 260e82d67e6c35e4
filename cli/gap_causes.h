// Where the gap of one design comes from: its simulations with one cause less each time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/simulation_job.h"
#include "cli/training_setup.h"
#include "models/base/worker_pool.h"
#include "search/estimate/plan_estimate.h"
#include "sim/run/gap.h"

namespace simdse {

class GapSeries {
 public:
  /// All must outlive the jobs.
  GapSeries(const Chip& chip, const TrainingSetup& setup, const Plan& plan)
      : chip_(chip), setup_(setup), plan_(plan), steps_(gap_steps(chip)) {}

  std::size_t size() const { return steps_.size(); }

  /// Adds the simulations of the series to `jobs`.
  void append_jobs(const SimulationJob& simulate,
                   std::vector<std::function<std::string()>>& jobs) const;

  /// The causes, from the results of these jobs. Empty, with the reason in `problem`, if one
  /// failed.
  std::vector<GapShare> shares(const JobResult* results, const PlanEstimate& estimate,
                               Picoseconds simulated, std::string& problem) const;

 private:
  const Chip& chip_;
  const TrainingSetup& setup_;
  const Plan& plan_;
  std::vector<GapStep> steps_;
};

}  // namespace simdse
