#include "sim/probe/noc_probe.h"

#include <fmt/core.h>

#include <cmath>
#include <limits>

#include "cli/probe/probe.h"
#include "cli/probe/probe_report.h"

namespace po = boost::program_options;

namespace simdse {
namespace {

std::size_t choice(const Arguments& arguments, const std::string& name,
                   const std::vector<std::string>& allowed) {
  const auto given = arguments.get<std::string>(name);
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (given == allowed[i]) return i;
  }
  throw InputError(
      fmt::format("--{}: there is no '{}'{}", name, given, spelling_hint(given, allowed)));
}

std::int64_t whole_option(const Arguments& arguments, const std::string& name, double fallback,
                          double min, double max) {
  const double value = quantity_option(arguments, name, Dimension::count, fallback, min, max);
  if (value != std::floor(value)) {
    throw InputError(fmt::format("--{}: must be a whole number", name));
  }
  return static_cast<std::int64_t>(value);
}

double rate_option(const Arguments& arguments) {
  // Who asks for the rate that saturates the network need not name one.
  if (!arguments.has("saturation")) arguments.get<std::string>("rate");
  return quantity_option(arguments, "rate", Dimension::count, NetworkLoad().rate, 1e-6, 1);
}

std::string probe_noc_of(const Chip& chip, const Arguments& arguments) {
  const auto pattern =
      static_cast<Traffic::Pattern>(choice(arguments, "traffic", Traffic::names()));
  if (arguments.has("hot-share") && pattern != Traffic::Pattern::hotspot) {
    throw InputError("--hot-share: only --traffic hotspot has one");
  }
  const double hot_share = quantity_option(arguments, "hot-share", Dimension::count, 0.1, 0, 1);
  NetworkLoad load;
  load.rate = rate_option(arguments);
  load.packet = whole_option(arguments, "packet", 1, 1, 1024);
  load.cycles = whole_option(arguments, "cycles", 20000, 1000, 1e7);
  if (arguments.has("seed")) load.seed = arguments.get<std::uint64_t>("seed");
  NocLevel level = has_flit_level(chip) ? NocLevel::flits : NocLevel::transfers;
  if (arguments.has("level")) {
    level = static_cast<NocLevel>(choice(arguments, "level", {"flits", "transfers"}));
    if (level == NocLevel::flits && !has_flit_level(chip)) {
      throw InputError(
          fmt::format("--level: the network type '{}' has no model of flits (allowed: transfers)",
                      chip.design().noc.type));
    }
  }
  const Topology& topology = chip.noc().topology();
  const Traffic traffic(topology, pattern, hot_share);

  const bool wants_saturation = arguments.has("saturation");
  const std::string answer = simulate_apart([&] {
    const LoadFigures r = probe_noc(chip, level, traffic, load);
    nlohmann::json figures = {r.mean_latency, r.accepted_rate, r.is_saturated ? 1.0 : 0.0};
    if (wants_saturation) figures.push_back(find_saturation(chip, level, traffic, load));
    return figures.dump();
  });
  const std::vector<double> simulated = nlohmann::json::parse(answer);
  const LoadFormula formula = LoadFormula::of(traffic, load, link_rate(chip));
  const double frequency = chip.clock().frequency().value();

  const char* level_name = level == NocLevel::flits ? "flits" : "transfers";
  ProbeReport report(
      "noc", fmt::format("network of {} ({}): {} endpoints, {} traffic, packets of {} flits, {:g} "
                         "flits per endpoint and cycle; simulated by {}; most loaded: {}",
                         chip.design().name, chip.design().noc.type, topology.endpoints(),
                         arguments.get<std::string>("traffic"), load.packet, load.rate, level_name,
                         formula.binding_link));
  report.input("design", chip.design().name);
  report.input("type", chip.design().noc.type);
  report.input("traffic", arguments.get<std::string>("traffic"));
  if (pattern == Traffic::Pattern::hotspot) report.input("hot_share", hot_share);
  report.input("rate", load.rate);
  report.input("packet_flits", load.packet);
  report.input("endpoints", topology.endpoints());
  report.input("level", level_name);
  report.input("cycles", load.cycles);
  report.input("seed", load.seed);
  report.input("binding_link", formula.binding_link);
  report.figure("mean_latency_cycles", "mean latency, cycles", Dimension::count,
                formula.figures.mean_latency, simulated[0]);
  report.figure("mean_latency_s", "mean latency", Dimension::time,
                formula.figures.mean_latency / frequency, simulated[0] / frequency);
  report.figure("accepted_rate", "accepted rate", Dimension::count, formula.figures.accepted_rate,
                simulated[1]);
  report.figure("saturation_rate", "saturation rate", Dimension::count, formula.bound,
                wants_saturation ? simulated[3] : std::numeric_limits<double>::quiet_NaN());
  report.flag("saturated", "saturated", formula.figures.is_saturated, simulated[2] != 0);
  return report.text(arguments.has("json"));
}

}  // namespace

int run_noc_probe(const CommandContext& context) {
  Arguments arguments(
      "probe noc",
      "--design D --traffic uniform|transpose|hotspot --rate 0.3 | --saturation [--packet 8] "
      "[--hot-share 0.1] [--level flits|transfers] [--cycles N] "
      "[--seed N] [--set design.path=value] [--json]",
      "simdse probe noc --design mesh_8x8 --traffic uniform --rate 0.3 --packet 1");
  add_probe_options(arguments);
  arguments.options().add_options()("traffic", po::value<std::string>(),
                                    "who sends to whom: uniform, transpose or hotspot")(
      "rate", po::value<std::string>(),
      "flits that every endpoint offers per cycle; a flit is what a link carries in a cycle "
      "(with --saturation default 0.1)")("packet", po::value<std::string>(),
                                         "flits of a packet (default 1)")(
      "hot-share", po::value<std::string>(),
      "share of a hotspot's traffic that goes to the memory's first port (default 0.1)")(
      "level", po::value<std::string>(),
      "flits or transfers: the model that is run (default: flits, if the network's type has such "
      "a model; a chip's simulation uses transfers)")(
      "saturation", "also find the highest rate that is sustained (some ten runs)")(
      "cycles", po::value<std::string>(), "cycles of the measurement (default 20000)")(
      "seed", po::value<std::uint64_t>(), "of the traffic (default 1)");
  if (!arguments.parse(context)) return kDone;
  return on_probed_chip(arguments, context,
                        [&](const Chip& chip) { return probe_noc_of(chip, arguments); });
}

}  // namespace simdse
