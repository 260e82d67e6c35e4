#include "cli/probe/one_operator.h"

#include <fmt/core.h>

#include <algorithm>
#include <ctime>
#include <stdexcept>

#include "cli/probe/probe.h"
#include "search/schedule/planner.h"
#include "sim/run/record.h"
#include "workloads/model_reader.h"

namespace simdse {

Graph gemm_graph(const TileShape& sizes, const NumberFormat& format) {
  TensorFormats formats;
  formats.compute = format;
  GraphBuilder builder(formats);
  try {
    const TensorId a = builder.input("a", {1, sizes.m, sizes.k});
    const TensorId b = builder.parameter("b", {1, sizes.k, sizes.n});
    builder.contraction("gemm", "bmk,bkn->bmn", a, b);
  } catch (const std::invalid_argument& problem) {
    throw InputError(fmt::format("GEMM {}x{}x{}: {}", sizes.m, sizes.k, sizes.n, problem.what()));
  }
  return builder.take();
}

namespace {

/// Puts maps, lists and words together that all seem to stand at one place.
struct DocumentBuilder {
  const SourceLocation& where;

  ConfigValue text(const std::string& value) const { return ConfigValue::scalar(value, where); }
  ConfigValue list(std::vector<ConfigValue> items) const {
    return ConfigValue::list(std::move(items), where);
  }
  ConfigValue map(std::vector<ConfigValue::Member> members) const {
    return ConfigValue::map(std::move(members), where);
  }
  ConfigValue::Member member(const std::string& key, ConfigValue value) const {
    return {key, where, std::move(value)};
  }
};

/// A model of the operator `op` with inputs of these shapes.
ConfigValue operator_model(const ConfigValue& op, const std::vector<Shape>& inputs) {
  const DocumentBuilder doc{op.where()};
  std::vector<ConfigValue::Member> tensors;
  std::vector<ConfigValue> names;
  for (const Shape& shape : inputs) {
    std::vector<ConfigValue> sizes;
    for (const std::int64_t size : shape) sizes.push_back(doc.text(std::to_string(size)));
    const std::string name = fmt::format("x{}", tensors.size());
    names.push_back(doc.text(name));
    tensors.push_back(doc.member(name, doc.map({doc.member("shape", doc.list(sizes))})));
  }
  std::vector<ConfigValue::Member> entry = {doc.member("name", doc.text("operator"))};
  if (op.is_map()) {
    for (const ConfigValue::Member& given : op.members("operator")) {
      if (given.key == "name" || given.key == "inputs") {
        throw InputError(given.where, fmt::format("'{}' is not for an operator alone", given.key));
      }
      entry.push_back(given);
    }
  } else {
    entry.push_back(doc.member("kind", doc.text(op.text("operator"))));
  }
  if (!names.empty()) entry.push_back(doc.member("inputs", doc.list(std::move(names))));
  std::vector<ConfigValue::Member> model = {
      doc.member("operators", doc.list({doc.map(std::move(entry))}))};
  if (!tensors.empty()) model.push_back(doc.member("inputs", doc.map(std::move(tensors))));
  return doc.map(std::move(model));
}

}  // namespace

Graph operator_graph(const ConfigValue& op, const std::vector<Shape>& inputs,
                     const NumberFormat& format) {
  TensorFormats formats;
  formats.compute = format;
  Graph graph = read_model(operator_model(op, inputs), {}, formats);
  if (std::all_of(graph.operators().begin(), graph.operators().end(),
                  [](const Operator& o) { return o.kind->is_view(); })) {
    throw InputError(op.where(), "this operator only renames bytes: there is nothing to run");
  }
  return graph;
}

namespace {

BlockConfig block_of(const std::string& kind, const std::string& type) {
  return {kind, type, default_params(BlockRegistry::instance().find(kind, type)->params)};
}

}  // namespace

Chip core_alone(const Chip& chip, std::optional<std::size_t> group) {
  Design design = chip.design();
  BlockConfig tensor = design.group("tensor_core")->block;
  BlockConfig vector = design.group("vector_core")->block;
  if (group) {
    if (*group >= design.cores.size()) {
      throw InputError(fmt::format("{} has no cores.{}: it has {} groups", design.name, *group,
                                   design.cores.size()));
    }
    const BlockConfig& chosen = design.cores[*group].block;
    (chosen.kind == "tensor_core" ? tensor : vector) = chosen;
  }
  design.cores = {{tensor, 1}, {vector, 1}};
  design.global_buffer = block_of("buffer", "ideal");
  design.noc = block_of("noc", "ideal");
  design.memory = block_of("memory", "ideal");
  design.memory.params["capacity"] = chip.memory().capacity().value();
  design.dispatcher = block_of("dispatcher", "sequencer");
  for (auto& [name, value] : design.dispatcher.params) value = std::int64_t{0};
  return Chip(std::move(design), chip.shared_technology());
}

OperatorProbe probe_operator(const Chip& chip, const Graph& graph,
                             const OperatorProbeOptions& options) {
  const TaskGraph tasks = build_task_graph(graph);
  OperatorProbe probe;
  probe.plan = make_plan(chip, tasks, find_options(chip, tasks, options.dataflow)).plan;
  probe.estimate = estimate_plan(chip, probe.plan);
  const std::string answer = simulate_apart([&] {
    const std::clock_t start = std::clock();
    const SimulationResult result = simulate(chip, probe.plan, options.simulation);
    const double cpu_seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    return fmt::format("{:.6f} {}", cpu_seconds, to_text(result));
  });
  const std::size_t space = answer.find(' ');
  probe.cpu_seconds = std::stod(answer.substr(0, space));
  probe.simulation = from_text(answer.substr(space + 1));
  probe.formula_cycles = probe.estimate.cycles;
  probe.simulated_cycles = to_double(chip.clock().next_edge(probe.simulation.time));
  return probe;
}

}  // namespace simdse
