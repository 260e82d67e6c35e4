#include "cli/probe/probe.h"

#include <fmt/core.h>

#include <cmath>
#include <iostream>

#include "cli/overrides.h"
#include "models/base/worker_pool.h"
#include "models/plugin/plugin.h"

namespace po = boost::program_options;

namespace simdse {

const std::vector<Probe>& probes() {
  static const std::vector<Probe> all = {
      {"core", "compute cores: an operator on one core alone, and on the chip", run_core_probe},
      {"memory", "off-chip memory: bandwidth and latency under an access pattern",
       run_memory_probe},
      {"collective",
       "network between chips: a collective operation by its closed form and step by step",
       run_collective_probe},
      {"noc", "on-chip network: latency and accepted rate under random traffic", run_noc_probe},
  };
  return all;
}

void add_probe_options(Arguments& arguments) {
  arguments.options().add_options()("design", po::value<std::string>(),
                                    "a design's name or YAML file")(
      "set", po::value<std::vector<std::string>>()->composing(),
      "override a value of the design: design.path=value")("json", "for scripts");
}

int on_probed_chip(const Arguments& arguments, const CommandContext& context,
                   const std::function<std::string(const Chip&)>& probe) {
  const SplitOverrides overrides = split_overrides(arguments.overrides());
  if (!overrides.workload.empty()) {
    throw InputError(fmt::format("--set workload.{}: a probe has no workload, only a design",
                                 overrides.workload.front().path));
  }
  const Chip chip =
      load_unchecked_chip(arguments.get<std::string>("design"), context.files, overrides.design);
  // One block can be judged whatever becomes of the chip around it.
  if (const std::string problem = chip.problem(); !problem.empty()) {
    std::cerr << fmt::format("simdse: the probe is of a chip that can't be built: {}\n", problem);
  }
  return on_chip(chip, probe);
}

int on_chip(const Chip& chip, const std::function<std::string(const Chip&)>& probe) {
  std::cout << run_with_plugins(
      chip.design().plugins, [&] { return probe(with_own_blocks(chip)); },
      WorkerOptions().hang_limit);
  return kDone;
}

double quantity_option(const Arguments& arguments, const std::string& name, Dimension dimension,
                       double fallback, double min, double max) {
  if (!arguments.has(name)) return fallback;
  const auto text = arguments.get<std::string>(name);
  const std::string what = "--" + name;
  const double value = parse_quantity(text, dimension, {"probe", 0, 0}, what);
  if (!(value >= min && value <= max)) {
    throw InputError(fmt::format("probe: {}: '{}' is not allowed ({} to {})", what, text,
                                 format_quantity(min, dimension), format_quantity(max, dimension)));
  }
  if (dimension == Dimension::bytes && value != std::floor(value)) {
    throw InputError(fmt::format("probe: {}: '{}' is not a whole number of bytes", what, text));
  }
  return value;
}

std::string simulate_apart(const std::function<std::string()>& simulation) {
  const JobResult result = run_jobs({simulation}, {}).front();
  if (!result.ok) throw std::runtime_error("the simulation failed: " + result.failure);
  return result.output;
}

}  // namespace simdse
