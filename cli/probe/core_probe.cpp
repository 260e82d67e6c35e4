#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

#include "cli/probe/one_operator.h"
#include "cli/probe/probe.h"
#include "cli/probe/probe_report.h"

namespace po = boost::program_options;

namespace simdse {
namespace {

/// "512x4096x1024" as numbers of at least 1.
Shape read_sizes(const std::string& text, const std::string& what) {
  Shape sizes;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (;;) {
    std::int64_t size = 0;
    const auto [rest, error] = std::from_chars(at, end, size);
    if (error == std::errc::result_out_of_range) {
      throw InputError(fmt::format("{}: '{}' has a size beyond 64 bits", what, text));
    }
    if (error != std::errc() || (rest != end && *rest != 'x')) {
      throw InputError(
          fmt::format("{}: '{}' is not a list of sizes such as 512x4096x1024", what, text));
    }
    if (size < 1) throw InputError(fmt::format("{}: '{}' has a size below 1", what, text));
    sizes.push_back(size);
    if (rest == end) return sizes;
    at = rest + 1;
  }
}

/// What is to be run, and how the user named it.
struct Subject {
  Graph graph;
  std::string text;
};

Graph graph_of_operator(const Arguments& arguments, const std::string& option,
                        const NumberFormat& format) {
  std::vector<Shape> shapes;
  if (arguments.has("shape")) {
    for (const std::string& shape : arguments.get<std::vector<std::string>>("shape")) {
      shapes.push_back(read_sizes(shape, "--shape"));
    }
  }
  const std::string what = "--" + option;
  return operator_graph(parse_config(arguments.get<std::string>(option), what), shapes, format);
}

bool multiplies(const Graph& graph) {
  return std::any_of(graph.operators().begin(), graph.operators().end(),
                     [&](const Operator& op) { return graph.work(op.id).contraction.has_value(); });
}

Subject read_subject(const Arguments& arguments, const NumberFormat& format) {
  std::vector<std::string> given;
  for (const char* option : {"gemm", "vector", "operator"}) {
    if (arguments.has(option)) given.emplace_back(option);
  }
  if (given.size() != 1) {
    throw InputError("probe core: give one of --gemm MxNxK, --vector KIND and --operator KIND");
  }
  const std::string& option = given.front();
  const auto text = arguments.get<std::string>(option);
  if (option == "gemm") {
    if (arguments.has("shape")) throw InputError("--shape: --gemm has its sizes itself");
    const Shape sizes = read_sizes(text, "--gemm");
    if (sizes.size() != 3) {
      throw InputError(fmt::format("--gemm: '{}' has {} sizes, not 3: MxNxK", text, sizes.size()));
    }
    return {gemm_graph({sizes[0], sizes[1], sizes[2]}, format), "GEMM " + text};
  }
  Subject subject{graph_of_operator(arguments, option, format), text};
  if (option == "vector" && multiplies(subject.graph)) {
    throw InputError(
        fmt::format("--vector: '{}' multiplies matrices; give it as --operator", text));
  }
  if (arguments.has("shape")) {
    for (const std::string& shape : arguments.get<std::vector<std::string>>("shape")) {
      subject.text += " " + shape;
    }
  }
  return subject;
}

std::optional<Dataflow> read_dataflow(const Arguments& arguments, const Chip& chip,
                                      const Graph& graph) {
  if (!arguments.has("dataflow")) return {};
  static const std::map<std::string, Dataflow> names = {
      {"ws", Dataflow::weight_stationary},
      {"os", Dataflow::output_stationary},
      {"is", Dataflow::input_stationary},
      {dataflow_name(Dataflow::weight_stationary), Dataflow::weight_stationary},
      {dataflow_name(Dataflow::output_stationary), Dataflow::output_stationary},
      {dataflow_name(Dataflow::input_stationary), Dataflow::input_stationary}};
  const auto name = arguments.get<std::string>("dataflow");
  const auto found = names.find(name);
  if (found == names.end()) {
    std::vector<std::string> known;
    for (const auto& [word, dataflow] : names) known.push_back(word);
    throw InputError(
        fmt::format("--dataflow: there is no dataflow '{}'{}", name, spelling_hint(name, known)));
  }
  if (!multiplies(graph)) throw InputError("--dataflow: only matrix products have one");
  const std::vector<Dataflow> able = chip.tensor_cores().front()->dataflows();
  if (std::find(able.begin(), able.end(), found->second) == able.end()) {
    std::vector<std::string> has;
    for (const Dataflow dataflow : able) has.emplace_back(dataflow_name(dataflow));
    throw InputError(fmt::format("--dataflow: the tensor core '{}' is not {}; it is {}",
                                 chip.design().group("tensor_core")->block.type,
                                 dataflow_name(found->second), fmt::join(has, ", ")));
  }
  return found->second;
}

/// The group of cores that the one core is of: only one of the kind that the operator keeps busy.
std::optional<std::size_t> read_group(const Arguments& arguments, const Chip& chip,
                                      const Graph& graph) {
  if (!arguments.has("group")) return {};
  const auto group = arguments.get<std::size_t>("group");
  const std::vector<CoreGroupConfig>& groups = chip.design().cores;
  const std::string busy = multiplies(graph) ? "tensor_core" : "vector_core";
  if (group < groups.size() && groups[group].block.kind != busy) {
    throw InputError(fmt::format("--group: cores.{} is a {}, the operator keeps a {} busy", group,
                                 groups[group].block.kind, busy));
  }
  return group;
}

NumberFormat read_format(const Arguments& arguments) {
  const std::string name =
      arguments.has("format") ? arguments.get<std::string>("format") : std::string("bf16");
  const std::vector<std::string> known = number_format_names();
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    throw InputError(fmt::format("--format: there is no number format '{}'{}", name,
                                 spelling_hint(name, known)));
  }
  return number_format(name);
}

/// Shares of what all cores could do at most, of the kind that the operator keeps busy.
struct Peak {
  double work = 0;
  double per_cycle = 0;

  Peak(const Chip& chip, const PlanEstimate& estimate, const NumberFormat& format) {
    if (estimate.macs > 0) {
      work = estimate.macs;
      for (const auto& core : chip.tensor_cores()) {
        per_cycle += core->peak_macs_per_cycle_of(format);
      }
      return;
    }
    for (const RegionEstimate& region : estimate.regions) {
      work += static_cast<double>(region.vector_operations);
    }
    for (const auto& core : chip.vector_cores()) {
      per_cycle += static_cast<double>(core->peak_operations_per_cycle());
    }
  }
  double utilisation(double cycles) const { return work / (per_cycle * cycles); }
};

/// Adds the figures of one probe; `key` and `label` begin their names.
void report_probe(ProbeReport& report, const std::string& key, const std::string& label,
                  const Chip& chip, const OperatorProbe& probe, const NumberFormat& format) {
  const double frequency = chip.clock().frequency().value();
  const Peak peak(chip, probe.estimate, format);
  report.figure(key + "cycles", label + "cycles", Dimension::count, probe.formula_cycles,
                probe.simulated_cycles);
  report.figure(key + "time_s", label + "time", Dimension::time, probe.formula_cycles / frequency,
                probe.simulated_cycles / frequency);
  report.figure(key + "utilisation", label + "utilisation", Dimension::count,
                peak.utilisation(probe.formula_cycles), peak.utilisation(probe.simulated_cycles));
  for (const Region& region : probe.plan.regions) {
    if (!region.contraction) continue;
    report.input(key + "dataflow", dataflow_name(region.mapping.dataflow));
    const TileShape& tile = region.mapping.tile;
    report.input(key + "tile_mnk", std::vector<std::int64_t>{tile.m, tile.n, tile.k});
    break;
  }
}

std::string probe_core_of(const Chip& chip, const Arguments& arguments) {
  const NumberFormat format = read_format(arguments);
  const Subject subject = read_subject(arguments, format);
  const std::optional<std::size_t> group = read_group(arguments, chip, subject.graph);
  const Chip alone = core_alone(chip, group);
  OperatorProbeOptions options;
  options.dataflow = read_dataflow(arguments, alone, subject.graph);

  const OperatorProbe core = probe_operator(alone, subject.graph, options);
  const OperatorProbe whole = probe_operator(chip, subject.graph, options);
  ProbeReport report("core",
                     fmt::format("{} {} on {} ({}): one core with its operands at hand, and "
                                 "the chip with its memory system",
                                 subject.text, format.name, chip.design().name, chip.label()));
  report.input("design", chip.design().name);
  report.input("operator", subject.text);
  report.input("format", format.name);
  if (group) report.input("group", static_cast<std::int64_t>(*group));
  report.input("macs", core.estimate.macs);
  report_probe(report, "", "one core: ", alone, core, format);
  report_probe(report, "chip_", "chip: ", chip, whole, format);
  if (arguments.has("timing")) {
    constexpr double no_formula = std::numeric_limits<double>::quiet_NaN();
    report.figure("cpu_s", "simulation of the chip: CPU time", Dimension::time, no_formula,
                  whole.cpu_seconds);
    report.figure("cycles_per_cpu_s", "simulated cycles per CPU second", Dimension::count,
                  no_formula, whole.simulated_cycles / whole.cpu_seconds);
  }
  return report.text(arguments.has("json"));
}

}  // namespace

int run_core_probe(const CommandContext& context) {
  Arguments arguments("probe core",
                      "--design D --gemm MxNxK | --vector KIND --shape SIZES | --operator MAP "
                      "--shape SIZES [--group N] [--dataflow ws|os|is] [--format bf16] "
                      "[--set design.path=value] [--timing] [--json]",
                      "simdse probe core --design tpu_v2 --gemm 512x4096x1024 --dataflow ws");
  add_probe_options(arguments);
  arguments.options().add_options()("gemm", po::value<std::string>(),
                                    "a product of sizes MxNxK: M x K times K x N")(
      "vector", po::value<std::string>(), "a vector operator's kind, e.g. layer_norm")(
      "operator", po::value<std::string>(),
      "any operator of the model language: \"{kind: convolution, channels: 64, kernel: 3}\"")(
      "shape", po::value<std::vector<std::string>>()->composing(),
      "shape of an input, e.g. 512x768; one --shape for each")(
      "group", po::value<std::size_t>(),
      "the one core is of the design's cores.N: its number N (default: the first of its kind)")(
      "dataflow", po::value<std::string>(), "ws, os or is (default: what the mapping chooses)")(
      "format", po::value<std::string>(), "number format of the operands (default bf16)")(
      "timing", "the simulator's own speed as well, which differs from run to run");
  if (!arguments.parse(context)) return kDone;
  return on_probed_chip(arguments, context,
                        [&](const Chip& chip) { return probe_core_of(chip, arguments); });
}

}  // namespace simdse
