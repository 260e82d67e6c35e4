#include "cli/commands/search_system.h"

#include <fmt/core.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/interrupt.h"
#include "cli/report/output_folder.h"
#include "cli/report/search_report.h"
#include "cli/report/table.h"
#include "cli/system_search.h"

namespace simdse {
namespace {

using Json = nlohmann::ordered_json;

double throughput(const SystemSearch& run, Seconds time) {
  return static_cast<double>(run.step->step.batch()) / time.value();
}

/// The choices in the order of the report: common, mosaic if it is another one, baselines.
std::vector<const SystemCandidate*> choices(const SystemSearch& run) {
  std::vector<const SystemCandidate*> result = {&run.common};
  if (run.mosaic.simulation) result.push_back(&run.mosaic);
  for (const SystemCandidate& baseline : run.baselines) result.push_back(&baseline);
  return result;
}

std::string designs_text(const SystemCandidate& candidate) {
  std::string text;
  for (std::size_t i = 0; i < candidate.places.designs.size(); ++i) {
    const std::size_t count = static_cast<std::size_t>(
        std::count(candidate.places.of_place.begin(), candidate.places.of_place.end(), i));
    if (i > 0) text += " + ";
    if (candidate.places.designs.size() > 1) text += fmt::format("{} stages of ", count);
    text += candidate.places.designs[i]->label();
  }
  return text;
}

void print(const SystemSearch& run) {
  Table table;
  table.add_column("design", Table::Align::left);
  for (const char* heading :
       {"est samples/s", "sim", "gap", "sim/s/kW", "mm2", "TDP W", "bubble %"}) {
    table.add_column(heading, Table::Align::right);
  }
  for (const SystemCandidate* c : choices(run)) {
    const double simulated = throughput(run, c->simulation->simulated);
    double bubble = 0;
    for (const RankTime& rank : c->simulation->ranks) {
      bubble += rank.bubble / static_cast<double>(c->simulation->ranks.size());
    }
    const std::string name = c->name == "mosaic" ? "mosaic: " + designs_text(*c) : c->name;
    table.add_row({name, fmt::format("{:.4g}", throughput(run, c->estimate)),
                   fmt::format("{:.4g}", simulated),
                   fmt::format("{:+.1f} %", c->simulation->gap() * 100),
                   fmt::format("{:.4g}", simulated / c->tdp.value() * 1e3),
                   fmt::format("{:.0f}", c->area.value()), fmt::format("{:.0f}", c->tdp.value()),
                   fmt::format("{:.1f}", bubble * 100)});
  }
  std::cout << table.text();
  if (!run.mosaic.simulation) {
    std::cout
        << "mosaic      no choice of different designs for the stages is faster by the estimate\n";
  }
  if (run.baselines.empty()) return;
  const SystemCandidate& baseline = run.baselines.front();
  std::cout << fmt::format(
      "speed-up    {:.2f}x over {} by one design, simulated (estimated {:.2f}x)\n",
      baseline.simulation->simulated / run.common.simulation->simulated, baseline.name,
      baseline.estimate / run.common.estimate);
}

Json to_json(const SystemSearch& run) {
  Json json = {{"schema_version", 1},
               {"workload", run.spec.workload.name},
               {"system", run.spec.system},
               {"samples_per_step", run.step->step.batch()},
               {"kinds_of_stage", Json::array()},
               {"choices_compared", run.compared},
               {"candidates", Json::array()},
               {"baselines", Json::array()}};
  for (const PlaceSearch& kind : run.kinds) {
    Json best = Json::array();
    for (const Candidate& candidate : kind.best) best.push_back(candidate.label);
    json["kinds_of_stage"].push_back(
        {{"stages", kind.places}, {"designs_estimated", kind.estimated}, {"best", best}});
  }
  for (const SystemCandidate* c : choices(run)) {
    double exchange = 0;
    double bubble = 0;
    const auto ranks = static_cast<double>(c->simulation->ranks.size());
    for (const RankTime& rank : c->simulation->ranks) {
      exchange += rank.exchange / ranks;
      bubble += rank.bubble / ranks;
    }
    Json entry = {
        {"name", c->name},
        {"designs", Json::array()},
        {"design_of_stage", c->places.of_place},
        {"area_mm2", c->area.value()},
        {"tdp_w", c->tdp.value()},
        {"estimate",
         {{"time_s", c->estimate.value()},
          {"throughput_samples_per_s", throughput(run, c->estimate)}}},
        {"simulation",
         {{"time_s", c->simulation->simulated.value()},
          {"throughput_samples_per_s", throughput(run, c->simulation->simulated)},
          {"gap", c->simulation->gap()},
          {"breakdown",
           {{"compute", 1 - exchange - bubble}, {"exchange", exchange}, {"bubble", bubble}}}}}};
    for (const auto& design : c->places.designs) entry["designs"].push_back(design->label());
    const bool is_choice = c == &run.common || c == &run.mosaic;
    json[is_choice ? "candidates" : "baselines"].push_back(entry);
  }
  return json;
}

}  // namespace

int search_chips_of_system(const Arguments& arguments, const DataFiles& files, SearchSpec spec) {
  if (arguments.has("seed")) {
    throw InputError("search: --seed goes with a search of one chip, not of a system");
  }
  OutputFolder folder(arguments.has("output") ? arguments.get<std::string>("output")
                                              : fmt::format("out/{}", spec.name),
                      result_files());
  const bool as_json = arguments.has("json");
  WorkerOptions workers;
  workers.workers = arguments.jobs();
  workers.is_interrupted = InterruptWatch::is_interrupted;
  const SystemSearch run =
      search_system(std::move(spec), files, workers, [&](const SystemSearch& ready) {
        folder.set_aside();
        if (as_json) return;
        const Parallelism& parallelism = ready.step->step.parallelism();
        std::cout << fmt::format(
                         "{} on {}: tensor {} x pipeline {} x data {}, {} microbatches of {}\n",
                         ready.spec.workload.name, ready.spec.system, parallelism.tensor,
                         parallelism.pipeline, parallelism.data, parallelism.microbatch_count(),
                         parallelism.microbatch)
                  << fmt::format("budget      {} for each chip\n", ready.spec.budget_text)
                  << fmt::format("stages      {} kinds; {} distinct pieces of work\n",
                                 ready.kinds.size(), ready.step->step.pieces().size())
                  << std::flush;
      });
  folder.write("results.json", to_json(run).dump(2) + "\n");
  folder.commit();
  if (as_json) {
    std::cout << to_json(run).dump(2) << '\n';
  } else {
    print(run);
    std::cout << "wrote       " << folder.path() << "/results.json\n";
  }
  return kDone;
}

}  // namespace simdse
