#include "cli/commands/simulate_system.h"

#include <fmt/core.h>

#include <iostream>
#include <memory>
#include <vector>

#include "cli/overrides.h"
#include "cli/report/system_report.h"
#include "models/base/error.h"

namespace simdse {
namespace {

/// How a training step is spread, and the choice if there was one.
struct Spread {
  std::vector<DegreeChoice> rounds;
  std::unique_ptr<SystemStep> step;
};

Spread spread(const Arguments& arguments, const CommandContext& context,
              const std::vector<Override>& workload_overrides, const System& system,
              Parallelism parallelism) {
  const Workload workload = load_microbatch(arguments.get<std::string>("workload"), context.files,
                                            workload_overrides, parallelism, system.software);
  const Bytes capacity = system.chip->memory().capacity();
  Spread result;
  try {
    if (!parallelism.is_complete()) {
      result.rounds.push_back(
          choose_degrees(workload, parallelism, system.chip, *system.network, capacity));
      parallelism = result.rounds.front().chosen().parallelism;
    }
    result.step = std::make_unique<SystemStep>(workload, parallelism, capacity);
  } catch (const PluginFailure&) {
    throw;
  } catch (const InputError& problem) {
    throw InputError(fmt::format("--parallel: {}", problem.what()));
  }
  return result;
}

}  // namespace

int simulate_step_on_system(const Arguments& arguments, const CommandContext& context) {
  std::vector<Override> of_system = arguments.overrides();
  const std::vector<Override> of_workload = take_overrides(of_system, "workload");
  const System system = load_system(arguments.get<std::string>("system"), context.files,
                                    own_overrides(std::move(of_system), "system"));
  const Parallelism parallelism =
      read_parallelism(parse_config(arguments.get<std::string>("parallel"), "--parallel"));
  if (parallelism.chips != system.network->chips()) {
    throw InputError(fmt::format("--parallel: {} chips (tensor x pipeline x data), but {} has {}",
                                 parallelism.chips, system.name, system.network->chips()));
  }
  const Spread spread_step = spread(arguments, context, of_workload, system, parallelism);
  const SystemStep& step = *spread_step.step;
  const PlaceDesigns places = PlaceDesigns::common(
      plan_design(system.chip->label(), system.chip, step.step), step.step.parallelism().pipeline);
  const SystemEstimate estimate = estimate_system(step.step, *system.network, places);
  const SystemSimulation simulation =
      simulate_systems({{step.step, *system.network, places}}, WorkerOptions()).front().value();
  const SystemStepReport report{system, step, estimate, simulation, spread_step.rounds};
  if (arguments.has("json")) {
    std::cout << system_step_json(report).dump(2) << '\n';
  } else {
    std::cout << system_step_text(report);
  }
  return kDone;
}

}  // namespace simdse
