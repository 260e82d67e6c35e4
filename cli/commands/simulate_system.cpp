#include "cli/commands/simulate_system.h"

#include <fmt/core.h>

#include <iostream>
#include <memory>
#include <optional>

#include "cli/overrides.h"
#include "cli/report/system_report.h"
#include "models/base/error.h"

namespace simdse {
namespace {

/// The degrees that the estimate takes to be the fastest, of those that fit.
struct Choice {
  std::unique_ptr<SystemStep> step;
  PlaceDesigns places;
  SystemEstimate estimate;
  std::size_t tried = 0;
  std::size_t unfit = 0;
};

Choice choose(const Arguments& arguments, const CommandContext& context,
              const std::vector<Override>& workload_overrides, const System& system,
              const Parallelism& wanted) {
  Choice choice;
  double most = 0;
  std::optional<InputError> refusal;
  for (const Parallelism& parallelism :
       wanted.is_complete() ? std::vector<Parallelism>{wanted} : fill_in_degrees(wanted)) {
    try {
      auto step = std::make_unique<SystemStep>(
          load_microbatch(arguments.get<std::string>("workload"), context.files, workload_overrides,
                          parallelism),
          parallelism, system.chip->memory().capacity());
      PlaceDesigns places = PlaceDesigns::common(
          plan_design(system.chip->label(), system.chip, step->step), parallelism.pipeline);
      SystemEstimate estimate = estimate_system(step->step, *system.network, places);
      ++choice.tried;
      const double throughput = static_cast<double>(step->step.batch()) / estimate.time.value();
      if (throughput <= most) continue;
      most = throughput;
      choice.step = std::move(step);
      choice.places = std::move(places);
      choice.estimate = std::move(estimate);
    } catch (const InputError& error) {
      ++choice.unfit;
      if (!refusal) refusal = error;
    }
  }
  if (!choice.step) throw *refusal;
  return choice;
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
  const Choice choice = choose(arguments, context, of_workload, system, parallelism);
  const SystemSimulation simulation =
      simulate_system(choice.step->step, *system.network, choice.places, WorkerOptions());
  const SystemStepReport report{system,     *choice.step, choice.estimate,
                                simulation, choice.tried, choice.unfit};
  if (arguments.has("json")) {
    std::cout << system_step_json(report).dump(2) << '\n';
  } else {
    std::cout << system_step_text(report);
  }
  return kDone;
}

}  // namespace simdse
