#include "cli/report/system_report.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/report/degree_report.h"
#include "cli/report/search_json.h"
#include "cli/report/software_report.h"
#include "cli/report/table.h"

namespace simdse {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kGib = 1024.0 * 1024 * 1024;

double throughput(const SystemStep& step, Seconds time) {
  return static_cast<double>(step.step.batch()) / time.value();
}

double gap(const SystemEstimate& estimate, const SystemSimulation& simulation) {
  return estimate.time / simulation.time - 1;
}

double mfu(const System& system, const SystemStep& step, Seconds time) {
  const double peak = system.chip->peak_macs_per_second() *
                      static_cast<double>(step.step.parallelism().chips) * time.value();
  return (step.step.macs() - step.step.recomputed_macs()) / peak;
}

std::vector<const Graph*> graphs_of(const DistributedStep& step) {
  std::vector<const Graph*> graphs;
  for (std::size_t i = 0; i < step.pieces().size(); ++i) {
    graphs.push_back(&step.pieces().piece(static_cast<int>(i)));
  }
  return graphs;
}

/// What a user should know of the way a step is spread.
std::vector<std::string> warnings_of(const SystemStep& step) {
  const Parallelism& parallelism = step.step.parallelism();
  std::vector<std::string> warnings = {microbatch_warning(parallelism.schedule, step.step.shape()),
                                       layers_warning(step.memory)};
  warnings.erase(std::remove(warnings.begin(), warnings.end(), ""), warnings.end());
  return warnings;
}

std::string warnings_text(const SystemStep& step, std::size_t width) {
  std::string text;
  for (const std::string& warning : warnings_of(step)) {
    text += fmt::format("{:<{}}{}\n", "warning", width, warning);
  }
  return text;
}

std::string percent(double share) { return fmt::format("{:.1f}", share * 100); }

Json time_json(const ChipTime& time) {
  return {{"compute", time.compute}, {"exchange", time.exchange}, {"bubble", time.bubble}};
}

Json time_json(const RankShares& shares) {
  return {{"compute", shares.compute}, {"exchange", shares.exchange}, {"bubble", shares.pipeline}};
}

/// The best common design, the mosaic, then the other common ones.
std::vector<const SimulatedChoice*> candidates(const SystemSearchRun& run) {
  std::vector<const SimulatedChoice*> rows;
  for (const SimulatedChoice& common : run.commons) rows.push_back(&common);
  if (run.mosaic) rows.insert(rows.begin() + 1, &*run.mosaic);
  return rows;
}

/// "3 stages of A + 5 stages of B"
std::string mosaic_text(const PlaceDesigns& places) {
  std::string text;
  for (std::size_t i = 0; i < places.designs.size(); ++i) {
    if (i > 0) text += " + ";
    text += fmt::format("{} stages of {}",
                        std::count(places.of_place.begin(), places.of_place.end(), i),
                        places.designs[i]->label);
  }
  return text;
}

/// Whether the simulation has decided which common design is best.
std::string decision_line(const SystemSearchRun& run) {
  std::string text = fmt::format("{}{} of {} common designs are simulated",
                                 run.is_decided() ? "decided     " : "undecided   ",
                                 run.simulated(), run.estimated);
  if (run.is_partial || run.gaps == 0) return text + '\n';
  const std::string gap =
      fmt::format("the most favourable gap seen ({:+.1f} %), on the evidence of {}",
                  *run.most_favourable * 100, run.gaps);
  if (run.open > 0) {
    text += fmt::format("; {} more would be the best at {}: see `simulations`", run.open, gap);
  } else if (run.simulated() < run.estimated) {
    text += fmt::format("; none of the others would be the best even at {}", gap);
  }
  return text + '\n';
}

Json choice_json(const SystemSearchReport& report, const SimulatedChoice& row) {
  const SystemChoice& choice = *row.choice;
  Json json = {{"name", choice.name},
               {"designs", Json::array()},
               {"design_of_stage", choice.places.of_place},
               {"area_mm2", choice.area.value()},
               {"tdp_w", choice.tdp.value()},
               {"estimate",
                {{"time_s", choice.estimate.time.value()},
                 {"throughput_samples_per_s", throughput(report.step(), choice.estimate.time)}}},
               {"simulation", nullptr},
               {"status", "not simulated"}};
  for (const auto& design : choice.places.designs) {
    json["designs"].push_back(
        {{"label", design->label}, {"design", design_yaml(design->chip->design())}});
  }
  if (row.simulation) {
    const SystemSimulation& simulation = *row.simulation;
    json["simulation"] = {{"time_s", simulation.time.value()},
                          {"throughput_samples_per_s", throughput(report.step(), simulation.time)},
                          {"gap", gap(choice.estimate, simulation)},
                          {"breakdown", time_json(simulation.mean())}};
    json["status"] = "simulated";
  }
  return json;
}

}  // namespace

std::string parallelism_text(const Parallelism& parallelism) {
  std::string text =
      fmt::format("tensor {} x pipeline {} x data {}, {} of {} microbatches of {}",
                  parallelism.tensor, parallelism.pipeline, parallelism.data,
                  pipeline_schedule_names()[static_cast<std::size_t>(parallelism.schedule)],
                  parallelism.microbatch_count(), parallelism.microbatch);
  if (parallelism.interleave > 1) text += fmt::format(", {} chunks each", parallelism.interleave);
  if (parallelism.sequence_parallel) text += ", sequence parallel";
  if (parallelism.zero > 0) text += fmt::format(", ZeRO-{}", parallelism.zero);
  return text;
}

std::string system_step_text(const SystemStepReport& report) {
  const SystemStep& step = report.step;
  const Parallelism& parallelism = step.step.parallelism();
  std::string text =
      fmt::format("{} on {} ({} chips like {})\n", step.workload.name, report.system.name,
                  report.system.network->chips(), report.system.chip->design().name) +
      fmt::format("parallel     {}\n", parallelism_text(parallelism));
  text += software_text(step.workload.training.software, graphs_of(step.step), 13) +
          warnings_text(step, 13) + degrees_text(report.degrees, 13);
  const SystemSimulation& simulation = report.simulation;
  text +=
      fmt::format("pieces       {} distinct; {} events simulated tile by tile\n",
                  step.step.pieces().size(), simulation.piece_events) +
      fmt::format("simulated    {:.5g} s per step of {} samples: {:.5g} samples/s\n",
                  simulation.time.value(), step.step.batch(), throughput(step, simulation.time)) +
      fmt::format("estimate     {:.5g} s: gap {:+.1f} %\n", report.estimate.time.value(),
                  gap(report.estimate, simulation) * 100) +
      fmt::format("MFU          {} %\n", percent(mfu(report.system, step, simulation.time))) +
      fmt::format("messages     {} between chips, {} events\n", simulation.messages,
                  simulation.events);
  Table table;
  for (const char* heading : {"stage", "memory GiB", "compute %", "exchange %", "bubble %"}) {
    table.add_column(heading, Table::Align::right);
  }
  for (std::size_t i = 0; i < simulation.places.size(); ++i) {
    const ChipTime& place = simulation.places[i];
    table.add_row({fmt::format("{}", i),
                   fmt::format("{:.2f}", to_double(step.memory.places[i].total()) / kGib),
                   percent(place.compute), percent(place.exchange), percent(place.bubble)});
  }
  return text + table.text();
}

Json system_step_json(const SystemStepReport& report) {
  const SystemStep& step = report.step;
  const SystemSimulation& simulation = report.simulation;
  Json json = {{"schema_version", 1},
               {"workload", step.workload.name},
               {"system", report.system.name},
               {"parallel", parallelism_json(step.step.parallelism())},
               {"software", software_json(step.workload.training.software)},
               {"time_s", simulation.time.value()},
               {"throughput_samples_per_s", throughput(step, simulation.time)},
               {"estimate_time_s", report.estimate.time.value()},
               {"estimate_throughput_samples_per_s", throughput(step, report.estimate.time)},
               {"gap", gap(report.estimate, simulation)},
               {"mfu", mfu(report.system, step, simulation.time)},
               {"breakdown", time_json(simulation.mean())},
               {"distinct_pieces", step.step.pieces().size()},
               {"messages", simulation.messages},
               {"events", simulation.events},
               {"warnings", warnings_of(step)},
               {"stages", Json::array()}};
  if (!report.degrees.empty()) json["degrees"] = degrees_json(report.degrees);
  for (std::size_t i = 0; i < simulation.places.size(); ++i) {
    json["stages"].push_back({{"memory_bytes", step.memory.places[i].total().value()},
                              {"breakdown", time_json(simulation.places[i])},
                              {"estimate_breakdown", time_json(report.estimate.places[i])}});
  }
  return json;
}

std::string system_search_header(const SearchSpec& spec, const FirstStep& first) {
  const SystemStep& step = *first.step;
  return fmt::format("{} on {} ({} chips): {}\n", spec.workload.name, spec.system->name,
                     spec.system->network->chips(), parallelism_text(step.step.parallelism())) +
         degrees_text(first.rounds, 12) +
         software_text(step.workload.training.software, graphs_of(step.step), 12) +
         warnings_text(step, 12) +
         fmt::format("budget      {}, for each chip\n", spec.budget_text) +
         fmt::format("stages      {} kinds; {} distinct pieces of work; {:.2f} GiB on a chip\n",
                     kinds_of_places(step.step).size(), step.step.pieces().size(),
                     to_double(step.memory.largest()) / kGib);
}

std::string system_search_text(const SystemSearchReport& report) {
  std::int64_t estimated = 0;
  for (const PlaceKind& kind : report.found().kinds) estimated += kind.found.designs_estimated;
  // The first choice is in the header.
  std::string text = again_text(report.result.rounds, 12);
  if (!report.result.obstacle.empty()) {
    text += fmt::format("{:<12}not searched for these: {}\n", "", report.result.obstacle);
  }
  if (report.result.rounds.size() > 1) {
    text += fmt::format("parallel    {}\n", parallelism_text(report.step().step.parallelism())) +
            warnings_text(report.step(), 12);
  }
  text += fmt::format(
      "search      {} designs: {} estimates over the kinds of stage; {} choices on the whole "
      "system\n",
      report.spec.space->size(), estimated, report.found().compared);
  Table table;
  table.add_column("design", Table::Align::left);
  for (const char* heading :
       {"est samples/s", "sim", "gap %", "sim/s/kW", "mm2", "TDP W", "exchange %", "bubble %"}) {
    table.add_column(heading, Table::Align::right);
  }
  std::vector<const SimulatedChoice*> rows = candidates(report.run);
  for (const SimulatedChoice& baseline : report.run.baselines) rows.push_back(&baseline);
  for (const SimulatedChoice* row : rows) {
    const SystemChoice& choice = *row->choice;
    const bool is_mosaic = row->choice == &report.found().mosaic;
    std::vector<std::string> cells = {
        is_mosaic ? "mosaic: " + mosaic_text(choice.places) : choice.name,
        fmt::format("{:.4g}", throughput(report.step(), choice.estimate.time))};
    if (row->simulation) {
      const SystemSimulation& simulation = *row->simulation;
      const double simulated = throughput(report.step(), simulation.time);
      cells.push_back(fmt::format("{:.4g}", simulated));
      cells.push_back(fmt::format("{:+.1f}", gap(choice.estimate, simulation) * 100));
      cells.push_back(fmt::format("{:.4g}", simulated / choice.tdp.value() * 1e3));
    } else {
      cells.insert(cells.end(), {"-", "-", "-"});
    }
    cells.push_back(fmt::format("{:.0f}", choice.area.value()));
    cells.push_back(fmt::format("{:.0f}", choice.tdp.value()));
    cells.push_back(row->simulation ? percent(row->simulation->mean().exchange) : "-");
    cells.push_back(row->simulation ? percent(row->simulation->mean().bubble) : "-");
    table.add_row(std::move(cells));
  }
  text += table.text();
  if (!report.found().has_mosaic()) {
    text += "mosaic      different designs for the stages are no better by the estimate\n";
  }
  if (report.found().all) {
    text += fmt::format(
        "exhaustive  of all {} ways to give {} designs to the kinds of stage, the best is better "
        "by "
        "{:.2f} % than the choice kind by kind\n",
        report.found().all->count, report.found().all->designs, report.found().all->loss * 100);
  }
  text += decision_line(report.run);
  const SimulatedChoice& best = report.run.commons.front();
  // Simulated side by side, either may be what an interrupt left out.
  if (!report.run.baselines.empty() && report.run.baselines.front().simulation && best.simulation) {
    const SimulatedChoice& baseline = report.run.baselines.front();
    const double speed_up = baseline.simulation->time / best.simulation->time;
    text += fmt::format(
        "speed-up    {:.2f}x over {} by one design, simulated (estimated {:.2f}x)\n", speed_up,
        baseline.choice->name, baseline.choice->estimate.time / best.choice->estimate.time);
    text += fmt::format("per watt    {:.2f}x of its throughput/TDP, simulated\n",
                        speed_up * (baseline.choice->tdp / best.choice->tdp));
  }
  if (report.run.is_partial) text += "interrupted: not all is simulated\n";
  return text;
}

Json system_search_json(const SystemSearchReport& report) {
  Json json = {{"schema_version", 1},
               {"status", report.run.is_partial ? "partial" : "complete"},
               {"stopped_by", report.run.is_partial ? Json("interrupt") : Json()},
               {"version", SIMDSE_VERSION},
               {"identity", identity(report.spec)},
               {"inputs", inputs_json(report.spec)},
               {"parallel", parallelism_json(report.step().step.parallelism())},
               {"warnings", warnings_of(report.step())},
               {"degrees", degrees_json(report.result.rounds)},
               {"degrees_obstacle", report.result.obstacle},
               {"samples_per_step", report.step().step.batch()},
               {"kinds_of_stage", Json::array()},
               {"choices_compared", report.found().compared},
               {"objective", objective_name(report.spec.options.objectives.front())},
               {"all_assignments", nullptr},
               {"decision",
                {{"is_decided", report.run.is_decided()},
                 {"common_designs", report.run.estimated},
                 {"simulated", report.run.simulated()},
                 {"gaps", report.run.gaps},
                 {"open", nullptr},
                 {"most_favourable_gap", nullptr}}},
               {"candidates", Json::array()},
               {"baselines", Json::array()}};
  if (const auto& all = report.found().all) {
    json["all_assignments"] = {
        {"designs", all->designs}, {"count", all->count}, {"loss_of_choice_by_kind", all->loss}};
  }
  if (const auto& most = report.run.most_favourable) {
    json["decision"]["open"] = report.run.open;
    json["decision"]["most_favourable_gap"] = *most;
  }
  for (const PlaceKind& kind : report.found().kinds) {
    Json best = Json::array();
    for (const Candidate& candidate : kind.best()) {
      const std::string others = report.spec.space->other_values(candidate.point);
      best.push_back(others.empty() ? candidate.label : candidate.label + " (" + others + ")");
    }
    json["kinds_of_stage"].push_back({{"stages", kind.places},
                                      {"designs_estimated", kind.found.designs_estimated},
                                      {"best", best}});
  }
  for (const SimulatedChoice* candidate : candidates(report.run)) {
    json["candidates"].push_back(choice_json(report, *candidate));
  }
  for (const SimulatedChoice& baseline : report.run.baselines) {
    json["baselines"].push_back(choice_json(report, baseline));
  }
  return json;
}

void write_system_search(OutputFolder& folder, const SystemSearchReport& report) {
  const SystemChoice& choice = *report.run.commons.front().choice;
  Design best = choice.places.designs.front()->chip->design();
  best.name = choice.name;
  folder.write("best.yaml", design_yaml(best));
  std::string log;
  for (std::size_t i = 0; i < report.found().kinds.size(); ++i) {
    log += audit_lines(report.found().kinds[i].found, {{"kind_of_stage", i}});
  }
  folder.write("search_log.jsonl", log);
  folder.write("results.json", system_search_json(report).dump(2) + '\n');
  folder.commit();
}

}  // namespace simdse
