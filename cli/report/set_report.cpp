#include "cli/report/set_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/report/aim.h"
#include "cli/report/json_report.h"
#include "cli/report/search_json.h"
#include "cli/report/table.h"

namespace simdse {
namespace {

/// Ratios of one kind over the workloads, as the set's objective and its worst.
struct Summary {
  double worth = 0;  ///< weighted geometric mean
  double least = 0;
  std::size_t worst = 0;  ///< row of `least`
};

/// None where a ratio is not known.
std::optional<Summary> summarize(const SetRun& run, const std::vector<double>& ratios) {
  if (std::find(ratios.begin(), ratios.end(), 0) != ratios.end()) return std::nullopt;
  Summary summary;
  summary.worth = set_worth(SetObjective::geometric_mean, ratios, run.weights());
  const auto least = std::min_element(ratios.begin(), ratios.end());
  summary.least = *least;
  summary.worst = static_cast<std::size_t>(least - ratios.begin());
  return summary;
}

/// Of every workload: simulated worth of the common design over its own best's, of the own best's
/// over the baseline's, and of the common one's over the baseline's.
struct Ratios {
  std::vector<double> share;
  std::vector<double> own;
  std::vector<double> common;
};

Ratios ratios_of(const SetRun& run) {
  Ratios ratios;
  for (const SetRow& row : run.rows) {
    ratios.share.push_back(row.simulated_ratio(run.objective(), row.common, row.own));
    ratios.own.push_back(row.simulated_ratio(run.objective(), row.own, row.baseline));
    ratios.common.push_back(row.simulated_ratio(run.objective(), row.common, row.baseline));
  }
  return ratios;
}

std::string ratio_text(double ratio) { return ratio > 0 ? fmt::format("{:.3f}", ratio) : "-"; }

std::string set_table(const SetRun& run, const Ratios& ratios) {
  using Align = Table::Align;
  Table table;
  table.add_column("", Align::left, "workload");
  table.add_column("", Align::right, "weight");
  table.add_column("baseline", Align::right, "sim");
  table.add_column("own best", Align::left);
  table.add_column("", Align::right, "est");
  table.add_column("", Align::right, "sim");
  table.add_column("common", Align::right, "est");
  table.add_column("", Align::right, "sim");
  table.add_column("price of", Align::right, "generality");
  table.add_column("over baseline", Align::right, "own");
  table.add_column("", Align::right, "common");
  const Objective objective = run.objective();
  const Aim aim = aim_of(objective);
  for (std::size_t i = 0; i < run.rows.size(); ++i) {
    const SetRow& row = run.rows[i];
    const auto simulated = [&](const std::optional<Contender>& contender) -> std::string {
      if (!contender || contender->is_interrupted) return "-";
      return aim.text(simulated_worth(objective, *row.setup, *contender), "failed");
    };
    const auto estimated = [&](const std::optional<Contender>& contender) -> std::string {
      if (!contender) return "-";
      return aim.text(estimated_worth(objective, *row.setup, *contender));
    };
    table.add_row({row.name, fmt::format("{:g}", row.weight), simulated(row.baseline),
                   row.own ? row.own->name : "-", estimated(row.own), simulated(row.own),
                   estimated(row.common), simulated(row.common),
                   ratios.share[i] > 0 ? fmt::format("{:.1f} %", (1 - ratios.share[i]) * 100) : "-",
                   ratio_text(ratios.own[i]), ratio_text(ratios.common[i])});
  }
  return table.text();
}

std::string failures(const SetRun& run) {
  std::string text;
  for (const SetRow& row : run.rows) {
    for (const std::optional<Contender>* contender : {&row.baseline, &row.own, &row.common}) {
      if (!*contender || (*contender)->simulation || (*contender)->is_interrupted) continue;
      text += fmt::format("failed      {} for {}: {}\n", (*contender)->name, row.name,
                          (*contender)->failure);
    }
  }
  return text;
}

std::string generality_line(const SetRun& run, const Ratios& ratios) {
  const double estimated =
      set_worth(SetObjective::geometric_mean, run.found.common->shares, run.weights());
  const std::optional<Summary> share = summarize(run, ratios.share);
  if (!share) {
    return fmt::format(
        "generality  costs {:.1f} % on the geometric mean by the estimate; not all is simulated\n",
        (1 - estimated) * 100);
  }
  return fmt::format(
      "generality  costs {:.1f} % on the geometric mean (estimated {:.1f} %), {:.1f} % at worst, "
      "for {}\n",
      (1 - share->worth) * 100, (1 - estimated) * 100, (1 - share->least) * 100,
      run.rows[share->worst].name);
}

}  // namespace

std::string set_header(const SetRun& run) {
  const SearchSpec& first = run.spec.members.front().search;
  return fmt::format(
      "{}  one design for {} workloads, best {} of their {}, here in {}\nbudget      {}: {:.1f} "
      "mm2, {:.1f} W "
      "TDP\n",
      run.spec.name, run.rows.size(), set_objective_name(run.spec.objective),
      objective_name(run.objective()), aim_of(run.objective()).unit, first.budget_text,
      first.options.budget.area.value(), first.options.budget.power.value());
}

std::string set_text(const SetRun& run) {
  const Ratios ratios = ratios_of(run);
  std::string text = fmt::format(
      "search      {} designs estimated by the workloads' own searches, {} compared for all   "
      "{:.1f} s\n",
      run.found.designs_estimated, run.found.designs_compared, run.search_seconds);
  text += fmt::format("simulate    {:.1f} s\n{}\n", run.simulation_seconds, failures(run));
  text += set_table(run, ratios);
  text += '\n';
  if (const std::optional<Contender>& common = run.rows.front().common) {
    text += fmt::format("common      {}, {:.0f} mm2, {:.1f} W; {}\n", common->name,
                        common->chip.area().value(), common->chip.tdp().value(),
                        run.spec.members.front().search.space->all_values(run.found.common->point));
    text += generality_line(run, ratios);
  }
  const std::optional<Summary> own = summarize(run, ratios.own);
  const std::optional<Summary> of_common = summarize(run, ratios.common);
  if (own && of_common) {
    text += fmt::format(
        "{}over {}, geometric mean: {:.3f}x by each workload's own best, {:.3f}x by the common "
        "design\n",
        run.objective() == Objective::throughput ? "speed-up    " : "gain        ",
        run.rows.front().baseline->name, own->worth, of_common->worth);
  }
  if (run.is_partial) {
    text += fmt::format("partial     interrupted: {}\n",
                        run.found.common ? "the best until then, not all of it simulated"
                                         : "there is no common design yet");
  }
  return text;
}

nlohmann::ordered_json set_json(const SetRun& run) {
  using Json = nlohmann::ordered_json;
  const Ratios ratios = ratios_of(run);
  Json json = {{"schema_version", 1},
               {"version", SIMDSE_VERSION},
               {"status", run.is_partial ? "partial" : "complete"},
               {"set", run.spec.name},
               {"set_objective", set_objective_name(run.spec.objective)},
               {"objective", objective_name(run.objective())}};
  // Ratios are positive, or not known.
  const auto known = [](double ratio) -> Json {
    if (ratio <= 0) return nullptr;
    return ratio;
  };
  Json workloads = Json::array();
  for (std::size_t i = 0; i < run.rows.size(); ++i) {
    const SetRow& row = run.rows[i];
    const auto contender = [&](const std::optional<Contender>& c) -> Json {
      if (!c) return nullptr;
      Json entry = {{"name", c->name},
                    {"status", c->simulation       ? "simulated"
                               : c->is_interrupted ? "interrupted"
                                                   : "failed: " + c->failure},
                    {"design", design_yaml(c->chip.design())},
                    {"estimate", estimate_json(c->chip, *row.setup, c->estimate)},
                    {"simulation", nullptr}};
      if (c->simulation) {
        entry["simulation"] = simulation_json(c->chip, *row.setup, c->estimate, *c->simulation);
      }
      return entry;
    };
    workloads.push_back(
        {{"name", row.name},
         {"weight", row.weight},
         {"inputs", inputs_json(run.spec.members[i].search)},
         {"baseline", contender(row.baseline)},
         {"own_best", contender(row.own)},
         {"common", contender(row.common)},
         {"estimated_share_of_own_best", known(run.found.common ? run.found.common->shares[i] : 0)},
         {"simulated_share_of_own_best", known(ratios.share[i])}});
  }
  json["workloads"] = std::move(workloads);
  json["common"] = nullptr;
  if (const std::optional<Contender>& common = run.rows.front().common) {
    const std::optional<Summary> share = summarize(run, ratios.share);
    json["common"] = {{"name", common->name},
                      {"design", design_yaml(common->chip.design())},
                      {"area_mm2", common->chip.area().value()},
                      {"tdp_w", common->chip.tdp().value()},
                      {"estimated_worth", run.found.common->worth},
                      {"simulated_geometric_mean_share", known(share ? share->worth : 0)},
                      {"simulated_least_share", known(share ? share->least : 0)},
                      {"worst_workload", nullptr}};
    if (share) json["common"]["worst_workload"] = run.rows[share->worst].name;
  }
  json["search"] = {{"designs_estimated", run.found.designs_estimated},
                    {"designs_compared", run.found.designs_compared}};
  if (run.rows.front().baseline) {
    const std::optional<Summary> own = summarize(run, ratios.own);
    const std::optional<Summary> common = summarize(run, ratios.common);
    json["speedup_over_baseline"] = {{"own_best", known(own ? own->worth : 0)},
                                     {"common", known(common ? common->worth : 0)}};
  }
  return json;
}

void write_set(OutputFolder& folder, const SetRun& run) {
  if (const std::optional<Contender>& common = run.rows.front().common) {
    Design design = common->chip.design();
    design.name = common->name;
    folder.write("best.yaml", design_yaml(design));
  }
  folder.write("results.json", set_json(run).dump(2) + '\n');
  folder.commit();
}

}  // namespace simdse
