#include "cli/simulation_job.h"

#include <fstream>
#include <stdexcept>

#include "models/plugin/plugin.h"

namespace simdse {

std::string simulation_job(const Chip& chip, const TrainingSetup& setup, const Plan& plan,
                           const SimulationOptions& options, const std::string& trace_path) {
  const Chip own = with_own_blocks(chip);
  if (trace_path.empty()) return to_text(simulate(own, plan, options));
  std::vector<std::string> names;
  for (const Region& region : plan.regions) names.push_back(setup.region_name(region));
  // Finer than that is more than a screen shows, and would make a file of gigabytes.
  constexpr double detail = 20000;
  TraceWriter trace(detail);
  const SimulationResult result = simulate(own, plan, options, &trace, names);
  std::ofstream stream(trace_path, std::ios::binary);
  stream << trace.data();
  stream.close();
  if (!stream) throw std::runtime_error(trace_path + ": can't be written");
  return to_text(result);
}

}  // namespace simdse
