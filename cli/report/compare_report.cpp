#include "cli/report/compare_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "cli/report/aim.h"
#include "cli/report/search_json.h"
#include "cli/report/table.h"

namespace simdse {

using Json = nlohmann::ordered_json;

namespace {

/// "11,470"
std::string grouped(double number) {
  std::string digits = fmt::format("{:.0f}", number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

/// "12.3 M"
std::string in_millions(double number) { return fmt::format("{:.3g} M", number * 1e-6); }

std::string seconds_text(double seconds) { return fmt::format("{:.3g}", seconds); }

constexpr std::size_t kNoteIndent = 12;  // where what a line says begins

struct Column {
  const char* heading;
  const char* second;
  Table::Align align;
};

/// With one of the objective's own quantity, where that is neither samples/s nor /s/W.
std::vector<Column> columns_of(const CompareRun& run) {
  std::vector<Column> all = {
      {"", "method", Table::Align::left},
      {"", "seeds", Table::Align::right},
      {"evaluations", "in all", Table::Align::right},
      {"to within", "5 %", Table::Align::right},
      {"", "1 %", Table::Align::right},
      {"cost calls", "in all", Table::Align::right},
      {"to within", "5 %", Table::Align::right},
      {"", "1 %", Table::Align::right},
      {"CPU s", "in all", Table::Align::right},
      {"to within", "5 %", Table::Align::right},
      {"", "1 %", Table::Align::right},
      {"samples/s", "median", Table::Align::right},
      {"", "most", Table::Align::right},
      {"median", "/s/W", Table::Align::right},
      {"within 1 %", "of search", Table::Align::right},
      {"", "better", Table::Align::right},
  };
  constexpr std::ptrdiff_t behind_per_watt = 14;
  const Aim aim = aim_of(run.objective);
  if (aim.is_inverse) {
    all.insert(all.begin() + behind_per_watt, {"median", aim.unit, Table::Align::right});
  }
  return all;
}

/// One row per method, as columns_of has it.
std::vector<std::vector<std::string>> rows_of(const CompareRun& run) {
  std::vector<std::vector<std::string>> rows;
  for (const MethodSummary& s : run.summaries) {
    using Effort = MethodSummary::Effort;
    const auto reached = [&](const std::optional<Effort>& effort, double Effort::*part,
                             std::string (*text)(double)) -> std::string {
      return effort ? text((*effort).*part) : "-";
    };
    std::vector<std::string> row = {s.method + (s.is_in_budget ? "" : " *"),
                                    std::to_string(s.runs)};
    if (s.runs == 0) {
      row.resize(columns_of(run).size(), "-");
      rows.push_back(std::move(row));
      continue;
    }
    const std::pair<double Effort::*, std::string (*)(double)> parts[] = {
        {&Effort::evaluations, grouped},
        {&Effort::cost_calls, in_millions},
        {&Effort::cpu_seconds, seconds_text}};
    for (const auto& [part, text] : parts) {
      row.push_back(text(s.total.*part));
      row.push_back(reached(s.to_5_percent, part, text));
      row.push_back(reached(s.to_1_percent, part, text));
    }
    row.push_back(fmt::format("{:.2f}", s.throughput));
    row.push_back(fmt::format("{:.2f}", s.most_throughput));
    row.push_back(fmt::format("{:.4f}", s.throughput_per_tdp));
    const Aim aim = aim_of(run.objective);
    if (aim.is_inverse) row.push_back(aim.text(s.worth));
    const bool is_itself = s.method == run.summaries.front().method;
    row.push_back(is_itself ? "" : fmt::format("{}/{}", s.close, s.runs));
    row.push_back(is_itself ? "" : fmt::format("{}/{}", s.better, s.runs));
    rows.push_back(std::move(row));
  }
  return rows;
}

bool has_design_over_budget(const CompareRun& run) {
  for (const MethodSummary& summary : run.summaries) {
    if (!summary.is_in_budget) return true;
  }
  return false;
}

/// The sentences below the table.
std::vector<std::string> notes(const CompareRun& run) {
  std::vector<std::string> lines;
  for (const MethodRun& of_one : run.runs) {
    if (of_one.worth() != run.best_known || !of_one.has_best()) continue;
    lines.push_back(fmt::format("best known  {}, seed {}: {}", of_one.method, of_one.seed,
                                of_one.values.empty() ? of_one.label : of_one.values));
    break;
  }
  if (run.summaries.front().total.cpu_seconds > 0) {
    double most = 0;
    for (const MethodRun& of_one : run.runs) most = std::max(most, of_one.cpu_seconds);
    lines.push_back(fmt::format("CPU         at most {:.1f}x the search's for one run",
                                most / run.summaries.front().total.cpu_seconds));
  }
  if (has_design_over_budget(run)) lines.emplace_back("*           over the budget");
  for (const std::string& warning : run.warnings) lines.push_back("warning     " + warning);
  if (run.is_partial) {
    const auto idle = std::count_if(run.runs.begin(), run.runs.end(),
                                    [](const MethodRun& of_one) { return !of_one.has_begun(); });
    std::string text = "partial     interrupted: what stands here is what was found until then";
    if (idle > 0) text += fmt::format("; {} runs had not begun, and count nowhere", idle);
    lines.push_back(std::move(text));
  }
  return lines;
}

std::string limits_text(const CompareRun& run) {
  if (run.limits.evaluations == std::numeric_limits<std::int64_t>::max()) return "";
  std::string text =
      fmt::format("limits      {} evaluations per run of a rival{}",
                  grouped(static_cast<double>(run.limits.evaluations)),
                  run.options.evaluations
                      ? ""
                      : fmt::format(", {:g} times those of the search", run.options.budget_factor));
  if (run.options.cost_calls) {
    text +=
        fmt::format("; {} layer-cost calls", grouped(static_cast<double>(*run.options.cost_calls)));
  }
  return text + fmt::format("; objective {}\n", objective_name(run.objective));
}

}  // namespace

std::string compare_text(const CompareRun& run) {
  Table table;
  for (const Column& column : columns_of(run))
    table.add_column(column.heading, column.align, column.second);
  for (std::vector<std::string>& row : rows_of(run)) table.add_row(std::move(row));
  std::string text = limits_text(run) + '\n' + table.text() + '\n';
  for (const std::string& line : notes(run)) text += line + '\n';
  return text;
}

std::string compare_markdown(const CompareRun& run) {
  std::string text = fmt::format("### {}\n\n", run.spec.name);
  const std::string limits = limits_text(run);
  // Without the word that heads the line in the terminal's table.
  if (!limits.empty()) text += "At most " + limits.substr(kNoteIndent) + '\n';
  text += '|';
  for (const Column& column : columns_of(run)) {
    text +=
        fmt::format(" {}{}{} |", column.heading, *column.heading != '\0' ? " " : "", column.second);
  }
  text += "\n|";
  for (const Column& column : columns_of(run)) {
    text += column.align == Table::Align::right ? "---:|" : "---|";
  }
  text += '\n';
  for (const std::vector<std::string>& row : rows_of(run)) {
    text += '|';
    for (const std::string& cell : row) text += ' ' + cell + " |";
    text += '\n';
  }
  text += '\n';
  for (const std::string& line : notes(run)) {
    const std::string word = line.substr(0, line.find(' '));
    text += fmt::format("- {}: {}\n", word == "*" ? "\\*" : line.substr(0, line.find("  ")),
                        line.substr(kNoteIndent));
  }
  return text;
}

namespace {

Json effort_json(const std::optional<MethodSummary::Effort>& effort) {
  if (!effort) return nullptr;
  return {{"evaluations", effort->evaluations}, {"cost_calls", effort->cost_calls}};
}

/// Null where no run has begun.
Json summary_json(const MethodSummary& s) {
  const auto figure = [&](double value) -> Json {
    if (s.runs == 0) return nullptr;
    return value;
  };
  return {{"method", s.method},
          {"runs", s.runs},
          {"in_budget", s.is_in_budget},
          {"median_evaluations", figure(s.total.evaluations)},
          {"median_cost_calls", figure(s.total.cost_calls)},
          {"to_within_5_percent", effort_json(s.to_5_percent)},
          {"to_within_1_percent", effort_json(s.to_1_percent)},
          {"median_throughput_samples_per_s", figure(s.throughput)},
          {"least_throughput_samples_per_s", figure(s.least_throughput)},
          {"most_throughput_samples_per_s", figure(s.most_throughput)},
          {"median_throughput_per_tdp_samples_per_s_per_w", figure(s.throughput_per_tdp)},
          {"median_worth", figure(s.worth)},
          {"runs_within_1_percent_of_search", s.close},
          {"runs_better_than_search", s.better}};
}

Json run_json(const MethodRun& run) {
  Json json = {{"method", run.method},
               {"seed", run.seed},
               {"ending", ending_name(run.ending)},
               {"evaluations", run.evaluations},
               {"cost_calls", run.cost_calls},
               {"designs_priced", run.priced},
               {"in_budget", run.is_in_budget},
               {"improvements", run.improvements.size()},
               {"best", nullptr}};
  if (run.ending == Ending::failed) json["failure"] = run.failure;
  if (run.has_best()) {
    const Improvement& last = run.improvements.back();
    json["best"] = {{"label", run.label},
                    {"values", run.values},
                    {"worth", last.worth},
                    {"throughput_samples_per_s", last.throughput},
                    {"throughput_per_tdp_samples_per_s_per_w", last.throughput_per_tdp},
                    {"area_mm2", run.area},
                    {"tdp_w", run.tdp},
                    {"evaluations", last.evaluations},
                    {"cost_calls", last.cost_calls},
                    {"design", run.design}};
  }
  return json;
}

Json seconds_json(const CompareRun& run) {
  const auto of = [](const std::optional<MethodSummary::Effort>& effort) -> Json {
    if (!effort) return nullptr;
    return effort->cpu_seconds;
  };
  Json summaries = Json::array();
  for (const MethodSummary& s : run.summaries) {
    summaries.push_back({{"method", s.method},
                         {"median_in_all", s.total.cpu_seconds},
                         {"to_within_5_percent", of(s.to_5_percent)},
                         {"to_within_1_percent", of(s.to_1_percent)}});
  }
  Json runs = Json::array();
  for (const MethodRun& of_one : run.runs) {
    runs.push_back(
        {{"method", of_one.method}, {"seed", of_one.seed}, {"in_all", of_one.cpu_seconds}});
  }
  return {{"methods", std::move(summaries)}, {"runs", std::move(runs)}};
}

}  // namespace

Json compare_json(const CompareRun& run) {
  Json limits = {{"evaluations", nullptr}, {"cost_calls", nullptr}, {"budget_factor", nullptr}};
  if (run.limits.evaluations != std::numeric_limits<std::int64_t>::max()) {
    limits["evaluations"] = run.limits.evaluations;
  }
  if (run.options.cost_calls) limits["cost_calls"] = *run.options.cost_calls;
  if (!run.options.evaluations) limits["budget_factor"] = run.options.budget_factor;
  Json methods = Json::array();
  for (const MethodSummary& summary : run.summaries) methods.push_back(summary_json(summary));
  Json runs = Json::array();
  for (const MethodRun& of_one : run.runs) runs.push_back(run_json(of_one));
  return {{"schema_version", 1},
          {"version", SIMDSE_VERSION},
          {"identity", identity(run.spec)},
          {"status", run.is_partial ? "partial" : "complete"},
          {"inputs", inputs_json(run.spec)},
          {"objective", objective_name(run.objective)},
          {"throughput_floor_samples_per_s", run.spec.options.throughput_floor.samples_per_second},
          {"seeds", run.options.seeds},
          {"limits", std::move(limits)},
          {"best_known_worth", run.best_known},
          {"methods", std::move(methods)},
          {"runs", std::move(runs)},
          {"warnings", run.warnings},
          {"cpu_seconds", seconds_json(run)}};
}

std::string convergence_csv(const CompareRun& run) {
  std::string text =
      "method,seed,evaluations,cost_calls,cpu_s,throughput,throughput_per_tdp,worth\n";
  for (const MethodRun& of_one : run.runs) {
    for (const Improvement& i : of_one.improvements) {
      text += fmt::format("{},{},{},{},{:.3f},{:.9g},{:.9g},{:.9g}\n", of_one.method, of_one.seed,
                          i.evaluations, i.cost_calls, i.cpu_seconds, i.throughput,
                          i.throughput_per_tdp, i.worth);
    }
  }
  return text;
}

std::vector<std::string> comparison_files() {
  return {"compare.json", "convergence.csv", "compare.md"};
}

void write_comparison(OutputFolder& folder, const CompareRun& run) {
  folder.write("compare.json", compare_json(run).dump(2) + '\n');
  folder.write("convergence.csv", convergence_csv(run));
  folder.write("compare.md", compare_markdown(run));
  folder.commit();
}

}  // namespace simdse
