#include "workloads/workload.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/overrides.h"
#include "cli/report/dot.h"
#include "cli/report/software_report.h"
#include "cli/report/table.h"
#include "models/base/quantity_text.h"
#include "workloads/statistics.h"

namespace po = boost::program_options;

namespace simdse {
namespace {

std::string shape_text(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::string bytes_text(Bytes bytes) {
  return format_quantity(to_double(bytes), Dimension::bytes, 4);
}

/// MACs per byte read or written when nothing stays on chip.
double intensity_of(const Work& work) {
  return static_cast<double>(work.macs()) / to_double(work.bytes_read() + work.bytes_written());
}

nlohmann::ordered_json input_shapes(const Graph& graph, const Operator& op) {
  nlohmann::ordered_json result = nlohmann::ordered_json::array();
  for (const TensorId input : op.inputs) result.push_back(graph.tensor(input).shape);
  return result;
}

std::vector<std::string> opaque_operators(const Graph& graph) {
  std::vector<std::string> result;
  for (const Operator& op : graph.operators()) {
    if (op.kind->is_opaque()) result.push_back(op.name);
  }
  return result;
}

nlohmann::ordered_json json_of(const Workload& workload, const Graph& graph,
                               const GraphStatistics& forward, const GraphStatistics& training) {
  nlohmann::ordered_json operators = nlohmann::ordered_json::array();
  for (const Operator& op : graph.operators()) {
    if (op.kind->is_view()) continue;
    const Work work = graph.work(op.id);
    nlohmann::ordered_json entry = {{"name", op.name},
                                    {"kind", op.kind->name()},
                                    {"phase", phase_name(op.phase)},
                                    {"macs", work.macs()},
                                    {"input_bytes", work.bytes_read().value()},
                                    {"output_bytes", work.bytes_written().value()},
                                    {"input_shapes", input_shapes(graph, op)},
                                    {"output_shape", graph.tensor(op.outputs[0]).shape},
                                    {"opaque", op.kind->is_opaque()}};
    if (work.macs() > 0) entry["macs_per_byte"] = intensity_of(work);
    if (work.contraction) {
      entry["batch"] = work.contraction->batch;
      entry["m"] = work.contraction->m;
      entry["n"] = work.contraction->n;
      entry["k"] = work.contraction->k;
    }
    operators.push_back(std::move(entry));
  }
  const MemoryNeed& memory = training.memory;
  return {{"name", workload.name},
          {"batch", workload.batch()},
          {"software", software_json(workload.training.software)},
          {"parameters", forward.parameters},
          {"forward_macs", forward.macs},
          {"training_macs", training.macs},
          {"training_bytes_read", training.bytes_read.value()},
          {"training_bytes_written", training.bytes_written.value()},
          {"opaque_operators", opaque_operators(workload.forward)},
          {"notes", workload.notes},
          {"critical_path_operators", training.critical_operators},
          {"critical_path_macs", training.critical_macs},
          {"peak_memory_bytes",
           {{"weights", memory.weights.value()},
            {"gradients", memory.gradients.value()},
            {"optimizer", memory.optimizer.value()},
            {"activations", memory.activations.value()}}},
          {"operators", std::move(operators)}};
}

void print_operators(const Graph& graph) {
  Table table;
  table.add_column("operator", Table::Align::left);
  table.add_column("kind", Table::Align::left);
  table.add_column("phase", Table::Align::left);
  table.add_column("output", Table::Align::left);
  table.add_column("MACs", Table::Align::right);
  table.add_column("read", Table::Align::right);
  table.add_column("written", Table::Align::right);
  table.add_column("MAC/B", Table::Align::right);
  for (const Operator& op : graph.operators()) {
    if (op.kind->is_view()) continue;
    const Work work = graph.work(op.id);
    const std::string intensity = work.macs() > 0 ? fmt::format("{:.4g}", intensity_of(work)) : "";
    table.add_row({op.name, op.kind->name(), phase_name(op.phase),
                   shape_text(graph.tensor(op.outputs[0]).shape),
                   work.macs() > 0 ? fmt::format("{}", work.macs()) : "",
                   bytes_text(work.bytes_read()), bytes_text(work.bytes_written()), intensity});
  }
  std::cout << table.text() << '\n';
}

void print_totals(const Workload& workload, const GraphStatistics& forward,
                  const GraphStatistics* training, const std::string& software) {
  const auto batch = static_cast<double>(workload.batch());
  std::string parameters;
  for (const auto& [name, value] : workload.parameters) {
    parameters += fmt::format("{}{} {:g}", parameters.empty() ? "" : ", ", name, value);
  }
  std::cout << fmt::format("{}   {}\n", workload.name, parameters)
            << fmt::format("format       {} / {} state, {}\n",
                           workload.training.formats.compute.name,
                           workload.training.formats.state.name, workload.training.optimizer)
            << software << fmt::format("parameters   {}\n", forward.parameters)
            << fmt::format("forward      {} MACs ({:.6g} G per sample), {} operators\n",
                           forward.macs, static_cast<double>(forward.macs) / batch / 1e9,
                           forward.operators);
  const GraphStatistics& shown = training != nullptr ? *training : forward;
  if (training != nullptr) {
    std::cout << fmt::format("training     {} MACs{}, {} operators\n", training->macs,
                             forward.macs == 0 ? ""
                                               : fmt::format(" ({:.4f} x forward)",
                                                             static_cast<double>(training->macs) /
                                                                 static_cast<double>(forward.macs)),
                             training->operators);
    if (workload.training.recompute != Recomputation::none) {
      std::cout << fmt::format(
          "recompute    {}: {} MACs again{}\n",
          recomputation_names()[static_cast<int>(workload.training.recompute)],
          training->recomputed_macs,
          training->recomputed_macs == 0 ? "; it finds nothing to do here" : "");
    }
  }
  std::cout << fmt::format("traffic      {} read, {} written if nothing stays on chip\n",
                           bytes_text(shown.bytes_read), bytes_text(shown.bytes_written))
            << fmt::format("critical     {} of {} operators, {} MACs; average parallelism {:.3g}\n",
                           shown.critical_operators, shown.operators, shown.critical_macs,
                           shown.average_parallelism());
  if (training != nullptr) {
    const MemoryNeed& memory = training->memory;
    std::cout << fmt::format(
        "memory       {} = weights {} + gradients {} + optimizer {} + activations {} (peak)\n",
        bytes_text(memory.total()), bytes_text(memory.weights), bytes_text(memory.gradients),
        bytes_text(memory.optimizer), bytes_text(memory.activations));
  }
  const std::vector<std::string> opaque = opaque_operators(workload.forward);
  if (!opaque.empty()) {
    std::cout << fmt::format(
        "opaque       {} operators of unknown meaning count as bytes alone: {}\n", opaque.size(),
        fmt::join(opaque, ", "));
  }
  for (const std::string& note : workload.notes) std::cout << "note         " << note << '\n';
}

}  // namespace

int run_workload(const CommandContext& context) {
  Arguments arguments("workload",
                      "W [--training] [--operators] [--set path=value] [--dim name=value] "
                      "[--opaque] [--json | --dot]",
                      "simdse workload bert_large --training --set batch=16");
  arguments.options().add_options()("workload", po::value<std::string>(),
                                    "a zoo name, a YAML file or an ONNX model")(
      "training", "the whole training step, not the forward pass alone")(
      "operators", "list every operator")("set", po::value<std::vector<std::string>>()->composing(),
                                          "override a value: path=value")(
      "json", "for scripts; lists every operator (of the training step with --training)");
  arguments.options().add_options()(
      "dot", "the graph (of the training step with --training) as Graphviz text");
  add_onnx_options(arguments);
  arguments.positional("workload");
  if (!arguments.parse(context)) return kDone;
  const Workload workload =
      load_workload(arguments.get<std::string>("workload"), context.files,
                    with_onnx_options(arguments, own_overrides(arguments.overrides(), "workload")));
  if (arguments.has("dot")) {
    if (arguments.has("json")) throw InputError("workload: give either --json or --dot");
    const bool is_training = arguments.has("training");
    std::cout << dot_text(
        is_training ? derive_training_step(workload.forward, workload.training) : workload.forward,
        workload.name);
    return kDone;
  }
  const GraphStatistics forward = graph_statistics(workload.forward);
  if (!arguments.has("training") && !arguments.has("json")) {
    if (arguments.has("operators")) print_operators(workload.forward);
    print_totals(workload, forward, nullptr, "");
    return kDone;
  }
  const Graph training = derive_training_step(workload.forward, workload.training);
  const GraphStatistics statistics = graph_statistics(training);
  if (arguments.has("json")) {
    const bool all = arguments.has("training");
    std::cout << json_of(workload, all ? training : workload.forward, forward, statistics).dump(2)
              << '\n';
    return kDone;
  }
  if (arguments.has("operators")) print_operators(training);
  print_totals(workload, forward, &statistics,
               software_text(workload.training.software, {&training}, 13));
  return kDone;
}

}  // namespace simdse
