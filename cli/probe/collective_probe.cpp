#include "sim/probe/collective_probe.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <sstream>

#include "cli/probe/probe.h"
#include "cli/probe/probe_report.h"
#include "models/network/system.h"

namespace po = boost::program_options;

namespace simdse {
namespace {

std::size_t choice(const Arguments& arguments, const std::string& name,
                   const std::vector<std::string>& allowed, const std::string& fallback) {
  const auto given = arguments.has(name) ? arguments.get<std::string>(name) : fallback;
  const auto found = std::find(allowed.begin(), allowed.end(), given);
  if (found != allowed.end()) return static_cast<std::size_t>(found - allowed.begin());
  throw InputError(
      fmt::format("--{}: there is no '{}'{}", name, given, spelling_hint(given, allowed)));
}

std::vector<std::int64_t> whole_numbers(const std::string& text, const std::string& option) {
  std::vector<std::int64_t> numbers;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, ',');) {
    std::int64_t number = 0;
    const char* const end = word.data() + word.size();
    const auto [rest, error] = std::from_chars(word.data(), end, number);
    if (error != std::errc() || rest != end) {
      throw InputError(
          fmt::format("--{}: '{}' is not a list of whole numbers, e.g. 4,4", option, text));
    }
    numbers.push_back(number);
  }
  return numbers;
}

/// The system of --system, or chips of --design joined as the options say.
System probed_system(const Arguments& arguments, const CommandContext& context) {
  if (arguments.has("system") == arguments.has("design")) {
    throw InputError("probe collective: give either --system or --design");
  }
  if (arguments.has("system")) {
    for (const char* option : {"topology", "shape"}) {
      if (!arguments.has(option)) continue;
      throw InputError(
          fmt::format("--{}: the system has its own; use --set network.{}=..., or "
                      "--design",
                      option, option));
    }
    return load_system(arguments.get<std::string>("system"), context.files, arguments.overrides());
  }
  std::vector<Override> of_design;
  std::string network = "topology: ";
  network += topology_names()[choice(arguments, "topology", topology_names(), "ring")] + "\n";
  if (!arguments.has("chips") && !arguments.has("shape")) arguments.get<std::int64_t>("chips");
  if (arguments.has("chips"))
    network += fmt::format("chips: {}\n", arguments.get<std::int64_t>("chips"));
  if (arguments.has("shape")) network += "shape: [" + arguments.get<std::string>("shape") + "]\n";
  std::vector<Override> of_network;
  for (const Override& item : arguments.overrides()) {
    if (item.path.rfind("design.", 0) == 0) {
      of_design.push_back({item.path.substr(7), item.value});
    } else if (item.path.rfind("network.", 0) == 0) {
      of_network.push_back({item.path.substr(8), item.value});
    } else {
      throw InputError(fmt::format(
          "--set {}: the path must begin with 'design.' or 'network.', e.g. network.segment",
          item.path));
    }
  }
  const Chip chip = load_chip(arguments.get<std::string>("design"), context.files, of_design);
  const ConfigValue document =
      with_overrides(parse_config(network, "probe collective"), of_network);
  return make_system(chip.design().name, chip,
                     read_network(document, "network", chip.design().plugins));
}

/// The chips of --ranks or the first --chips, by default all.
std::vector<std::int32_t> group_of(const Arguments& arguments, const Interconnect& network) {
  std::vector<std::int32_t> group;
  if (arguments.has("ranks")) {
    for (const std::int64_t chip : whole_numbers(arguments.get<std::string>("ranks"), "ranks")) {
      if (chip < 0 || chip >= network.chips()) {
        throw InputError(
            fmt::format("--ranks: there is no chip {} (0 to {})", chip, network.chips() - 1));
      }
      group.push_back(static_cast<std::int32_t>(chip));
    }
    return group;
  }
  std::int64_t count = network.chips();
  if (arguments.has("chips")) {
    count = arguments.get<std::int64_t>("chips");
    if (count < 2 || count > network.chips()) {
      throw InputError(fmt::format("--chips: {} of a system of {} chips (2 to {})", count,
                                   network.chips(), network.chips()));
    }
  }
  for (std::int32_t chip = 0; chip < count; ++chip) group.push_back(chip);
  return group;
}

std::string report(const Arguments& arguments, const System& system) {
  const Interconnect& network = *system.network;
  CollectiveRequest request;
  request.op = static_cast<CollectiveOp>(choice(arguments, "op", collective_names(), "all_reduce"));
  request.algorithm = static_cast<CollectiveAlgorithm>(
      choice(arguments, "algorithm", collective_algorithm_names(), "ring"));
  arguments.get<std::string>("bytes");
  request.bytes = Bytes(static_cast<std::int64_t>(
      quantity_option(arguments, "bytes", Dimension::bytes, 0, 1, 1LL << 42)));
  request.group = group_of(arguments, network);
  const double formula = collective_time(network, request).value();
  const std::string answer = simulate_apart([&] {
    const std::clock_t begin = std::clock();
    const CollectiveFigures figures = simulate_collective(network, request);
    const double cpu = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    return nlohmann::json({figures.time.value(), figures.busiest_line,
                           static_cast<double>(figures.messages),
                           static_cast<double>(figures.events), cpu})
        .dump();
  });
  const std::vector<double> simulated = nlohmann::json::parse(answer);

  const std::string& topology =
      topology_names()[static_cast<std::size_t>(network.config().topology)];
  const std::string& algorithm =
      collective_algorithm_names()[static_cast<std::size_t>(request.algorithm)];
  const Line& line = network.lines().front();
  const std::string size = format_quantity(to_double(request.bytes), Dimension::bytes);
  ProbeReport probe(
      "collective",
      fmt::format("{} of {} by {}, {} of the {} chips of {} ({}); a line between two nodes: {:.4g} "
                  "links, {} each way, {}\n{:.0f} messages, {:.0f} events in {:.2f} s of CPU",
                  collective_name(request.op), size, algorithm, request.group.size(),
                  network.chips(), system.name, topology, line.links,
                  format_quantity(line.bandwidth.value(), Dimension::bandwidth, 4),
                  format_quantity(line.latency.value(), Dimension::time, 4), simulated[2],
                  simulated[3], simulated[4]));
  probe.input("system", system.name);
  probe.input("chip", system.chip->design().name);
  probe.input("topology", topology);
  probe.input("shape", network.config().shape);
  probe.input("op", collective_name(request.op));
  probe.input("algorithm", algorithm);
  probe.input("bytes", request.bytes.value());
  probe.input("chips", request.group.size());
  probe.input("group", request.group);
  probe.input("links_per_line", line.links);
  probe.input("line_bandwidth_bytes_per_s", line.bandwidth.value());
  probe.input("line_latency_s", line.latency.value());
  probe.input("segment_bytes", network.config().params.segment.value());
  const double factor = bus_factor(request.op, request.group.size());
  const double bytes = to_double(request.bytes);
  probe.figure("time_s", "time", Dimension::time, formula, simulated[0]);
  probe.figure("algorithm_bandwidth_bytes_per_s", "algorithm bandwidth", Dimension::bandwidth,
               bytes / formula, bytes / simulated[0]);
  probe.figure("bus_bandwidth_bytes_per_s", "bus bandwidth", Dimension::bandwidth,
               factor * bytes / formula, factor * bytes / simulated[0]);
  return probe.text(arguments.has("json"));
}

}  // namespace

int run_collective_probe(const CommandContext& context) {
  Arguments arguments(
      "probe collective",
      "--system S | --design D --chips N [--topology ring] [--shape 4,4,4] --op all_reduce --bytes "
      "1MiB [--algorithm ring] [--ranks 0,8,16] [--set path=value] [--json]",
      "simdse probe collective --design tpu_v4 --topology torus_2d --chips 16 --op all_reduce "
      "--bytes 1MiB --algorithm hierarchical");
  arguments.options().add_options()("system", po::value<std::string>(),
                                    "a system's name or YAML file")(
      "design", po::value<std::string>(), "chips of this design, joined as --topology says")(
      "topology", po::value<std::string>(),
      "ring (default), torus_2d, torus_3d, fully_connected, switched, or switched_two_level with "
      "--set network.node=4 --set 'network.upper={links: {type: serdes}}'")(
      "shape", po::value<std::string>(), "of a torus, e.g. 4,4,2; default: as even as can be")(
      "chips", po::value<std::int64_t>(),
      "with --design how many there are; with --system how many take part, from the first on")(
      "ranks", po::value<std::string>(), "chips that take part, in the order of the ring")(
      "op", po::value<std::string>(),
      "all_reduce (default), reduce_scatter, all_gather, all_to_all or broadcast")(
      "bytes", po::value<std::string>(),
      "that a chip has of the larger side: before a reduction, after a gather")(
      "algorithm", po::value<std::string>(),
      "ring (default), bidirectional_ring, tree, hierarchical or direct")(
      "set", po::value<std::vector<std::string>>()->composing(),
      "override a value: network.segment=256KiB, design.links.count=4")("json", "for scripts");
  if (!arguments.parse(context)) return kDone;
  const System system = probed_system(arguments, context);
  return on_chip(*system.chip, [&](const Chip& chip) {
    // Links of a plug-in are themselves only there.
    return report(arguments, make_system(system.name, chip, system.network->config()));
  });
}

}  // namespace simdse
