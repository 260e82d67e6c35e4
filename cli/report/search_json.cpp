#include "cli/report/search_json.h"

#include <fmt/core.h>

#include <cmath>

#include "cli/report/json_report.h"
#include "cli/report/output_folder.h"
#include "cli/report/software_report.h"

namespace simdse {

using Json = nlohmann::ordered_json;

namespace {

/// FNV-1a, 64 bits, as hexadecimal digits.
std::string hash_text(const std::string& text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return fmt::format("{:016x}", hash);
}

/// A graph with all that its work depends on: equal texts make equal training steps.
std::string graph_text(const Graph& graph) {
  Json text = Json::array();
  for (const Tensor& tensor : graph.tensors()) {
    text.push_back({tensor.name, tensor.shape, tensor.format.name, role_name(tensor.role),
                    tensor.storage, tensor.storage_offset.value()});
  }
  for (const Operator& op : graph.operators()) {
    const Work work = graph.work(op.id);
    Json entry = {op.name,  op.kind->name(), phase_name(op.phase), op.inputs, op.outputs,
                  op.after, op.segment};
    if (const auto& c = work.contraction) entry.push_back({c->batch, c->m, c->n, c->k});
    if (const auto& v = work.vector) {
      entry.push_back({v->rows, v->columns, v->alu_ops, v->special_ops, v->reductions, v->passes});
    }
    entry.push_back(work.bytes_read().value());
    entry.push_back(work.bytes_written().value());
    text.push_back(std::move(entry));
  }
  return text.dump();
}

/// The limits that the method has; null if it has none.
Json limits_json(const LocalSearchOptions& options) {
  const SearchLimits& limits = options.limits;
  switch (options.method) {
    case SearchMethod::heuristic:
      return nullptr;
    case SearchMethod::exact:
      return {{"nodes", limits.nodes}, {"evaluations", limits.evaluations}, {"gap", limits.gap}};
    case SearchMethod::exhaustive:
      return {{"evaluations", limits.evaluations}};
  }
  return nullptr;
}

/// The floor as it was asked for; null if it was not.
Json floor_json(const SearchSpec& spec) {
  if (spec.floor_like) return {{"like", design_yaml(*spec.floor_like)}};
  if (!spec.options.throughput_floor.is_given) return nullptr;
  return {{"samples_per_s", spec.options.throughput_floor.samples_per_second}};
}

/// The network, and how the workload is spread over its chips.
Json system_json(const SearchSpec& spec) {
  Json lines = Json::array();
  const Interconnect& network = *spec.system->network;
  for (const Line& line : network.lines()) {
    lines.push_back({line.from, line.to, line.bandwidth.value(), line.latency.value()});
  }
  Json nodes = Json::array();
  for (std::int32_t node = 0; node < network.nodes(); ++node) {
    nodes.push_back(network.forward_latency(node).value());
  }
  const NetworkParams& params = network.config().params;
  return {{"name", spec.system->name},
          {"chips", network.chips()},
          {"lines_hash", hash_text(lines.dump())},
          {"forward_latencies_hash", hash_text(nodes.dump())},
          {"send_overhead_s", params.send_overhead.value()},
          {"segment_bytes", params.segment.value()},
          {"queue_bytes", params.queue.value()},
          {"parallel", parallelism_json(*spec.parallelism)}};
}

}  // namespace

Json parallelism_json(const Parallelism& parallelism) {
  const auto degree = [](std::int64_t value) {
    return value == kAuto ? Json("auto") : Json(value);
  };
  // How many microbatches a global batch makes depends on the replicas.
  const bool has_count = parallelism.microbatches || parallelism.data != kAuto;
  return {{"tensor", degree(parallelism.tensor)},
          {"pipeline", degree(parallelism.pipeline)},
          {"data", degree(parallelism.data)},
          {"microbatch", parallelism.microbatch},
          {has_count ? "microbatches" : "global_batch",
           has_count ? parallelism.microbatch_count() : *parallelism.global_batch},
          {"schedule", pipeline_schedule_names()[static_cast<std::size_t>(parallelism.schedule)]},
          {"interleave", parallelism.interleave},
          {"sequence_parallel", parallelism.sequence_parallel},
          {"zero", parallelism.zero},
          {"cuts", parallelism.cuts}};
}

Json inputs_json(const SearchSpec& spec) {
  Json parameters;
  for (const auto& [name, value] : spec.workload.parameters) parameters[name] = value;
  Json axes;
  for (const Axis& axis : spec.space->axes()) {
    Json values = Json::array();
    for (const ParamValue& value : axis.values) values.push_back(axis.info.format(value));
    axes[axis.path] = std::move(values);
  }
  Json objectives = Json::array();
  for (const Objective objective : spec.options.objectives) {
    objectives.push_back(objective_name(objective));
  }
  Json baselines = Json::array();
  for (const Design& design : spec.baselines) baselines.push_back(design_yaml(design));
  Json plugins = Json::object();
  const auto add_plugins = [&](const Design& design) {
    for (const std::string& path : design.plugins) plugins[path] = hash_text(read_file(path));
  };
  add_plugins(spec.space->base());
  for (const Design& design : spec.baselines) add_plugins(design);
  Json technology = {{"name", spec.technology->name}};
  for (const Technology::Source& source : spec.technology->sources) {
    technology["constants"][source.constant] = source.value;
    technology["confidence"][source.constant] = source.confidence;
  }
  Json inputs = {{"name", spec.name},
                 {"workload",
                  {{"name", spec.workload.name},
                   {"parameters", std::move(parameters)},
                   {"format", spec.workload.training.formats.compute.name},
                   {"state_format", spec.workload.training.formats.state.name},
                   {"optimizer", spec.workload.training.optimizer},
                   {"recompute", static_cast<int>(spec.workload.training.recompute)},
                   {"software", software_json(spec.workload.training.software)},
                   {"graph_hash", hash_text(graph_text(spec.workload.forward))}}},
                 {"budget",
                  {{"area_mm2", spec.options.budget.area.value()},
                   {"power_w", spec.options.budget.power.value()},
                   {"given_as", spec.budget_text}}},
                 {"objectives", std::move(objectives)},
                 {"method", method_name(spec.options.method)},
                 {"limits", limits_json(spec.options)},
                 {"throughput_floor", floor_json(spec)},
                 {"top_k", spec.options.top_k},
                 {"simulations", spec.simulations},
                 {"hysteresis", spec.options.hysteresis},
                 {"space", std::move(axes)},
                 {"base", design_yaml(spec.space->base())},
                 {"baselines", std::move(baselines)},
                 {"plugins", std::move(plugins)},
                 {"technology", std::move(technology)}};
  if (spec.system) inputs["system"] = system_json(spec);
  return inputs;
}

std::string identity(const SearchSpec& spec) {
  return hash_text(inputs_json(spec).dump() + SIMDSE_VERSION);
}

namespace {

Json contender_json(const SearchRun& run, const Contender& contender) {
  Json json;
  json["name"] = contender.name;
  json["status"] = contender.simulation       ? "simulated"
                   : contender.is_interrupted ? "interrupted"
                                              : "failed: " + contender.failure;
  json["design"] = design_yaml(contender.chip.design());
  json["chip"] = chip_json(contender.chip);
  json["memory_used_bytes"] = contender.planned.plan.peak_memory.value();
  json["estimate"] = estimate_json(contender.chip, *run.setup, contender.estimate);
  json["simulation"] = nullptr;
  if (contender.simulation) {
    json["simulation"] =
        simulation_json(contender.chip, *run.setup, contender.estimate, *contender.simulation);
  }
  return json;
}

/// What ended the run before it was done; null if nothing did.
Json stopped_by(const SearchRun& run) {
  if (run.is_partial) return "interrupt";
  const std::optional<Certificate>& certificate = run.search.certificate;
  if (!certificate || certificate->stopped_by.empty()) return nullptr;
  return "limits." + certificate->stopped_by;
}

template <class T>
Json or_null(const std::optional<T>& value) {
  if (!value) return nullptr;
  return *value;
}

/// Null where nothing is simulated, and an order of fewer than two designs is none.
Json fidelity_json(const SearchRun& run) {
  Json json = {{"designs", run.decision.gaps}};
  const std::optional<Fidelity>& f = run.fidelity;
  const auto set = [&](const char* key, double Fidelity::*value, std::size_t least) {
    json[key] = nullptr;
    if (f && run.decision.gaps >= least) json[key] = (*f).*value;
  };
  set("mean_abs_gap", &Fidelity::mean_abs_gap, 1);
  set("p95_abs_gap", &Fidelity::p95_abs_gap, 1);
  set("max_abs_gap", &Fidelity::max_abs_gap, 1);
  set("kendall_tau", &Fidelity::kendall_tau, 2);
  set("top1_regret", &Fidelity::top1_regret, 1);
  return json;
}

}  // namespace

Json search_json(const SearchRun& run) {
  Json json = {{"schema_version", 1},
               {"version", SIMDSE_VERSION},
               {"identity", identity(run.spec)},
               {"status", run.is_partial ? "partial" : "complete"},
               {"stopped_by", stopped_by(run)},
               {"inputs", inputs_json(run.spec)},
               {"objective", objective_name(run.spec.options.objectives.front())},
               {"search",
                {{"designs", run.spec.space->size()},
                 {"designs_estimated", run.search.designs_estimated},
                 {"designs_bounded", run.search.designs_bounded},
                 {"designs_priced", run.search.designs_priced}}}};
  json["search"]["method"] = method_name(run.spec.options.method);
  json["search"]["designs_over_budget"] = or_null(run.search.designs_over_budget);
  json["search"]["designs_impossible"] = or_null(run.search.designs_impossible);
  json["search"]["certificate"] = nullptr;
  if (!run.search.certificate) json["search"]["nothing_proven_because"] = run.nothing_proven;
  if (const std::optional<Certificate>& certificate = run.search.certificate) {
    Json gaps = Json::object();
    for (std::size_t i = 0; i < certificate->gaps.size(); ++i) {
      Json gap = nullptr;  // nothing is known
      if (std::isfinite(certificate->gaps[i])) gap = certificate->gaps[i];
      gaps[objective_name(run.spec.options.objectives[i])] = std::move(gap);
    }
    json["search"]["certificate"] = {{"gaps", std::move(gaps)},
                                     {"has_ended", certificate->has_ended},
                                     {"nodes", certificate->nodes},
                                     {"stopped_by", certificate->stopped_by}};
  }
  Json candidates = Json::array();
  for (std::size_t i = 0; i < run.candidates.size(); ++i) {
    Json entry = {{"rank", i + 1}, {"rank_by_estimate", rank_by_estimate(run, i)}};
    entry.update(contender_json(run, run.candidates[i]));
    Json chosen = Json::array();
    for (const Objective objective : run.candidates[i].chosen_for) {
      chosen.push_back(objective_name(objective));
    }
    entry["chosen_for"] = std::move(chosen);
    entry["in_budget"] = run.candidates[i].is_in_budget;
    entry["reaches_floor"] = nullptr;
    if (run.candidates[i].simulation) {
      entry["reaches_floor"] = !yardstick_of(run).misses_floor(run.candidates[i]);
    }
    candidates.push_back(std::move(entry));
  }
  json["candidates"] = std::move(candidates);
  Json baselines = Json::array();
  for (const Contender& baseline : run.baselines) {
    baselines.push_back(contender_json(run, baseline));
  }
  json["baselines"] = std::move(baselines);
  json["throughput_floor"] = {
      {"estimated_samples_per_s", run.spec.options.throughput_floor.samples_per_second},
      {"simulated_samples_per_s", run.simulated_floor.samples_per_second},
      {"is_given", run.spec.options.throughput_floor.is_given}};
  json["fidelity"] = fidelity_json(run);
  json["decision"] = {{"is_decided", run.decision.is_decided()},
                      {"simulated", run.decision.simulated},
                      {"estimated", run.decision.estimated},
                      {"gaps", run.decision.gaps},
                      {"open", run.decision.open},
                      {"missing", run.decision.missing},
                      {"most_favourable_gap", or_null(run.decision.most_favourable)},
                      {"spread_of_gaps", or_null(run.decision.spread)},
                      {"tied_by_estimate", run.decision.tied}};
  json["headline"] = nullptr;
  if (run.headline) {
    const std::int64_t batch = run.setup->workload.batch();
    const Contender& best = run.candidates[run.headline->contender];
    const Contender& baseline = run.baselines.front();
    Json parts = Json::array();
    for (const Contribution& part : run.contributions) {
      parts.push_back({{"change", part.change}, {"factor", part.factor}});
    }
    json["headline"] = {
        {"baseline", run.baselines.front().name},
        {"rank", run.headline->contender + 1},
        {"objective", objective_name(run.spec.options.objectives.front())},
        {"gain", run.headline->gain},
        {"estimated_gain", run.headline->estimated_gain},
        {"speedup", best.simulated_throughput(batch) / baseline.simulated_throughput(batch)},
        {"estimated_speedup",
         best.estimated_throughput(batch) / baseline.estimated_throughput(batch)},
        {"contributions", std::move(parts)}};
  }
  Json gap = Json::object();
  for (const GapShare& share : run.gap) gap[share.cause] = share.share;
  json["gap_of_best"] = std::move(gap);
  Json purchases = Json::array();
  for (const Purchase& purchase : run.purchases) {
    purchases.push_back({{"path", purchase.path},
                         {"value", purchase.value},
                         {"gain", purchase.gain},
                         {"gain_in", objective_name(run.spec.options.objectives.front())},
                         {"area_mm2", purchase.area.value()},
                         {"tdp_w", purchase.tdp.value()}});
  }
  json["one_step_more"] = std::move(purchases);
  Json failed = Json::array();
  for (const FailedDesign& design : run.search.failed) {
    failed.push_back({{"design", design.design}, {"reason", design.reason}});
  }
  json["failed"] = std::move(failed);
  Json front = Json::array();
  for (const FrontDesign& design : run.search.front) {
    front.push_back({{"design", design.label},
                     {"other_values", run.spec.space->other_values(design.point)},
                     {"throughput_samples_per_s", design.throughput},
                     {"tdp_w", design.tdp.value()},
                     {"area_mm2", design.area.value()}});
  }
  json["pareto_front"] = std::move(front);
  json["warnings"] = run.warnings;
  return json;
}

std::string audit_lines(const LocalSearchResult& search, const Json& more) {
  std::string text;
  for (const AuditEntry& entry : search.audit) {
    Json line = {{"step", entry.step},      {"phase", entry.phase},
                 {"design", entry.design},  {"verdict", entry.verdict},
                 {"reason", entry.reason},  {"throughput_samples_per_s", entry.throughput},
                 {"designs", entry.designs}};
    if (!more.is_null()) line.update(more);
    text += line.dump() + '\n';
  }
  return text;
}

}  // namespace simdse
