#include "cli/gap_causes.h"

#include <fmt/core.h>

namespace simdse {

void GapSeries::append_jobs(const SimulationJob& simulate,
                            std::vector<std::function<std::string()>>& jobs) const {
  for (const GapStep& step : steps_) {
    jobs.emplace_back([this, &step, &simulate] {
      SimulationOptions without;
      without.ideal = step.ideal;
      return simulate(step.chip, setup_, plan_, without, "");
    });
  }
}

std::vector<GapShare> GapSeries::shares(const JobResult* results, const PlanEstimate& estimate,
                                        Picoseconds simulated, std::string& problem) const {
  GapTimes times;
  times.simulated = to_seconds(simulated).value();
  times.estimate = estimate.time.value();
  times.contention_free_estimate =
      estimate.contention_free_cycles / chip_.clock().frequency().value();
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (!results[i].ok) {
      problem = fmt::format("the simulation without {} {}", steps_[i].cause, results[i].failure);
      return {};
    }
    const SimulationResult result = from_text(results[i].output);
    const double seconds = to_seconds(result.time).value();
    times.after.push_back(seconds);
    times.dependency = result.breakdown.back() * seconds;
  }
  return gap_shares(steps_, times);
}

}  // namespace simdse
