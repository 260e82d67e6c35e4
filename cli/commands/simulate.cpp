#include <fmt/core.h>

#include <fstream>
#include <iostream>

#include "cli/command.h"
#include "cli/commands/simulate_ranks.h"
#include "cli/commands/simulate_system.h"
#include "cli/overrides.h"
#include "cli/report/json_report.h"
#include "cli/report/output_folder.h"
#include "cli/report/software_report.h"
#include "cli/report/table.h"
#include "cli/simulation_job.h"
#include "models/base/quantity_text.h"
#include "models/plugin/plugin.h"
#include "search/estimate/planned_estimate.h"
#include "search/plan/plan_text.h"

namespace po = boost::program_options;

namespace simdse {
namespace {

void print_simulation(const Chip& chip, const TrainingSetup& setup, const PlanEstimate& estimate,
                      const SimulationResult& simulation) {
  const double seconds = to_seconds(simulation.time).value();
  const auto batch = static_cast<double>(setup.workload.batch());
  std::cout
      << fmt::format("{} on {} ({})\n", setup.workload.name, chip.design().name, chip.label())
      << fmt::format("simulated    {:.5g} ms per step of {} samples: {:.4g} samples/s\n",
                     seconds * 1e3, setup.workload.batch(), batch / seconds)
      << fmt::format("estimate     {:.5g} ms: gap {:+.1f} %\n", estimate.time.value() * 1e3,
                     gap_of(estimate, simulation) * 100)
      << fmt::format("energy       {:.4g} J per step, {:.4g} W on average; TDP {:.4g} W\n",
                     simulation.energy.value(), simulation.energy.value() / seconds,
                     chip.tdp().value())
      << fmt::format("buffer       {} of {} reserved at the fullest moment\n",
                     format_quantity(to_double(simulation.peak_buffer), Dimension::bytes, 4),
                     format_quantity(to_double(chip.buffer().capacity()), Dimension::bytes, 4))
      << software_text(setup.workload.training.software, {&setup.graph}, 13)
      << utilisation_of(chip, setup, simulation.actions.macs, to_seconds(simulation.time)).text();
  std::string parts;
  for (std::size_t i = 0; i < simulation.breakdown.size(); ++i) {
    parts += fmt::format("{}{} {:.1f}", i == 0 ? "" : " | ", time_headings()[i],
                         simulation.breakdown[i] * 100);
  }
  std::cout << fmt::format("time         {}   = 100 %\n", parts);
  for (std::size_t i = 0; i < simulation.tensor_utilisation.size(); ++i) {
    std::cout << fmt::format("{}tensor core {} at work {:.1f} %\n",
                             i == 0 ? "cores        " : "             ", i,
                             simulation.tensor_utilisation[i] * 100);
  }
}

/// The plan in a file, and its estimate; throws InputError unless it is one for this chip and
/// workload.
std::pair<Plan, PlanEstimate> read_plan(const std::string& path, const Chip& chip,
                                        const TrainingSetup& setup) {
  Plan plan = plan_from_text(read_file(path), path);
  try {
    PlanEstimate estimate = check_and_estimate(chip, setup.graph, plan);
    return {std::move(plan), std::move(estimate)};
  } catch (const PluginFailure&) {
    throw;
  } catch (const InputError& problem) {
    throw InputError(fmt::format("{}: {}", path, problem.what()));
  }
}

std::pair<Plan, PlanEstimate> make_new_plan(const Chip& chip, const TrainingSetup& setup) {
  auto [planned, estimate] = plan_and_estimate(chip, setup.tasks);
  return {std::move(planned.plan), std::move(estimate)};
}

}  // namespace

int run_simulate(const CommandContext& context) {
  Arguments arguments(
      "simulate",
      "--design D --workload W | --system S --workload W --parallel MAP | --system S --workload "
      "TRACES "
      "[-o OUT] [--trace] [--plan FILE] "
      "[--set path=value] [--json]",
      "simdse simulate --design tpu_v2 --workload bert_large -o out/tpu_v2 --trace");
  arguments.options().add_options()("design", po::value<std::string>(),
                                    "a design's name or YAML file")(
      "system", po::value<std::string>(),
      "a system's name or YAML file: its chips run the workload as --parallel says, or the ranks "
      "of "
      "a folder of Chakra traces")(
      "parallel", po::value<std::string>(),
      "how the workload is spread: \"{tensor: 8, pipeline: 8, microbatches: 64}\"; degrees may be "
      "auto")("workload", po::value<std::string>(),
              "a zoo name, a YAML file or an ONNX model; with --system also a folder of traces")(
      "output,o", po::value<std::string>(), "folder for operators.csv and the trace")(
      "trace", "write a Perfetto trace (open it at ui.perfetto.dev)")(
      "set", po::value<std::vector<std::string>>()->composing(),
      "override a value: design.path=value or workload.path=value")(
      "plan", po::value<std::string>(), "execute this plan (see estimate --write-plan)")(
      "transfer", po::value<std::int64_t>(),
      "largest transaction, bytes from 64 to 2^30 (default 524288); small ones take long, above "
      "all with a memory of mode: command")("json", "for scripts");
  add_onnx_options(arguments);
  if (!arguments.parse(context)) return kDone;
  if (arguments.has("parallel") && !arguments.has("system")) {
    throw InputError("simulate: --parallel needs the chips of a --system");
  }
  if (arguments.has("system")) {
    for (const char* option : {"design", "plan", "transfer", "trace", "output", "dim", "opaque"}) {
      if (!arguments.has(option)) continue;
      throw InputError(fmt::format("simulate: --{} has no meaning with --system", option));
    }
  }
  if (arguments.has("parallel")) return simulate_step_on_system(arguments, context);
  if (arguments.has("system")) return simulate_ranks(arguments, context);
  if (arguments.has("trace") && !arguments.has("output")) {
    throw InputError("simulate: --trace needs a folder: -o OUT");
  }
  const SplitOverrides overrides = split_overrides(arguments.overrides());
  const Chip chip =
      load_chip(arguments.get<std::string>("design"), context.files, overrides.design);
  const TrainingSetup setup(load_workload(arguments.get<std::string>("workload"), context.files,
                                          with_onnx_options(arguments, overrides.workload)));
  SimulationOptions options;
  if (arguments.has("transfer")) {
    options.limits.max_bytes = arguments.get<std::int64_t>("transfer");
    if (options.limits.max_bytes < 64 || options.limits.max_bytes > (1 << 30)) {
      throw InputError("simulate: --transfer must lie between 64 and 1073741824 bytes");
    }
  }
  std::optional<OutputFolder> folder;
  if (arguments.has("output")) {
    folder.emplace(arguments.get<std::string>("output"),
                   std::vector<std::string>{"operators.csv", "trace.pftrace"});
  }
  const auto [plan, estimate] = arguments.has("plan")
                                    ? read_plan(arguments.get<std::string>("plan"), chip, setup)
                                    : make_new_plan(chip, setup);
  const std::string trace_path =
      arguments.has("trace") ? folder->reserve("trace.pftrace") : std::string();
  const std::vector<JobResult> results = run_jobs(
      {[&, &plan = plan] { return simulation_job(chip, setup, plan, options, trace_path); }}, {});
  if (!results.front().ok) {
    const std::vector<std::string>& plugins = chip.design().plugins;
    if (!plugins.empty()) {
      throw PluginFailure(blame(plugins) + "the simulation failed: " + results.front().failure);
    }
    throw std::runtime_error("the simulation failed: " + results.front().failure);
  }
  const SimulationResult simulation = from_text(results.front().output);
  if (folder) {
    folder->write("operators.csv", operators_csv(chip, setup, plan, estimate, &simulation));
    folder->commit();
  }
  if (arguments.has("json")) {
    nlohmann::ordered_json json = simulation_json(chip, setup, estimate, simulation);
    json["software"] = software_json(setup.workload.training.software);
    json["chip"] = chip_json(chip);
    json["operators"] = operators_json(chip, setup, plan, estimate, &simulation);
    std::cout << json.dump(2) << '\n';
  } else {
    print_simulation(chip, setup, estimate, simulation);
    if (folder) {
      std::cout << fmt::format("wrote        {}/operators.csv{}\n", folder->path(),
                               trace_path.empty() ? "" : ", trace.pftrace");
    }
  }
  return kDone;
}

}  // namespace simdse
