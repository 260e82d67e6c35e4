#include "cli/report/validation_report.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/report/table.h"

namespace simdse {
namespace {

std::size_t near_count(const Validation& validation) {
  return static_cast<std::size_t>(std::count_if(validation.designs.begin(),
                                                validation.designs.end(),
                                                [](const auto& design) { return design.is_near; }));
}

std::string percent(double share) { return fmt::format("{:.1f} %", share * 100); }

std::string status_of(const ValidatedDesign& design) {
  return design.simulated_s > 0 ? "simulated" : "failed: " + design.failure;
}

}  // namespace

std::string validation_text(const Validation& validation) {
  const std::size_t near = near_count(validation);
  std::string text;
  if (near > 0) {
    text += fmt::format(
        "drawn       {} designs uniformly within the budget, {} near the fastest simulated\n",
        validation.designs.size() - near, near);
  }
  if (validation.over_budget + validation.unfit > 0) {
    text += fmt::format("            left out: {} over the budget, {} too small for the workload\n",
                        validation.over_budget, validation.unfit);
  }
  text += fmt::format("simulated   {}/{}\n", validation.simulated, validation.designs.size());
  for (const ValidatedDesign& design : validation.designs) {
    if (design.simulated_s > 0) continue;
    text += fmt::format("failed      {}: {}\n", design.name, design.failure);
  }
  Table table;
  table.add_column("", Table::Align::left, "predictor");
  table.add_column("mean", Table::Align::right, "|gap|");
  table.add_column("95 % of", Table::Align::right, "them below");
  table.add_column("", Table::Align::right, "largest");
  table.add_column("", Table::Align::right, "tau");
  table.add_column("tau", Table::Align::right, "near best");
  table.add_column("top-1", Table::Align::right, "regret");
  for (const Predictor& predictor : validation.predictors) {
    const Fidelity& f = predictor.fidelity;
    table.add_row({predictor.name, percent(f.mean_abs_gap), percent(f.p95_abs_gap),
                   percent(f.max_abs_gap), fmt::format("{:.3f}", f.kendall_tau),
                   f.near_best_tau ? fmt::format("{:.3f}", *f.near_best_tau) : "-",
                   percent(f.top1_regret)});
  }
  text += '\n' + table.text();
  text +=
      fmt::format("\nnear best   the {} designs with at least {:.0f} % of the best throughput\n",
                  validation.predictors.front().fidelity.near_best, kNearBest * 100);
  if (!validation.gap.empty()) {
    std::string causes;
    for (const GapShare& share : validation.gap) {
      causes +=
          fmt::format("{}{} {:.2f}", causes.empty() ? "" : ", ", share.cause, share.share * 100);
    }
    text += fmt::format("gap         % of the simulated time, mean of the {} fastest: {}\n",
                        validation.explained, causes);
  }
  for (const std::string& warning : validation.warnings) text += "warning     " + warning + '\n';
  return text;
}

nlohmann::ordered_json validation_json(const Validation& validation) {
  using Json = nlohmann::ordered_json;
  Json json = {{"schema_version", 1},
               {"version", SIMDSE_VERSION},
               {"name", validation.name},
               {"designs", validation.designs.size()},
               {"drawn_near_best", near_count(validation)},
               {"simulated", validation.simulated},
               {"over_budget", validation.over_budget},
               {"unfit", validation.unfit}};
  for (const Predictor& predictor : validation.predictors) {
    const Fidelity& f = predictor.fidelity;
    Json near_best_tau = nullptr;
    if (f.near_best_tau) near_best_tau = *f.near_best_tau;
    json["predictors"][predictor.name] = {
        {"mean_abs_gap", f.mean_abs_gap}, {"p95_abs_gap", f.p95_abs_gap},
        {"max_abs_gap", f.max_abs_gap},   {"kendall_tau", f.kendall_tau},
        {"near_best", f.near_best},       {"near_best_kendall_tau", near_best_tau},
        {"top1_regret", f.top1_regret}};
  }
  Json gap = Json::object();
  for (const GapShare& share : validation.gap) gap[share.cause] = share.share;
  json["gap_causes"] = std::move(gap);
  json["gap_causes_of"] = validation.explained;
  json["warnings"] = validation.warnings;
  return json;
}

std::string validation_csv(const Validation& validation) {
  std::string text =
      "design,drawn,area_mm2,tdp_w,estimate_s,simulated_s,gap,roofline_s,peak_flops_s,status\n";
  const auto number = [](double value) { return value > 0 ? fmt::format("{:.9g}", value) : ""; };
  for (const ValidatedDesign& d : validation.designs) {
    std::string status = status_of(d);
    std::replace(status.begin(), status.end(), '"', '\'');
    text += fmt::format("\"{}\",{},{:.4f},{:.4f},{},{},{},{},{},\"{}\"\n", d.name,
                        d.point.empty() ? ""
                        : d.is_near     ? "near"
                                        : "uniform",
                        d.area_mm2, d.tdp_w, number(d.estimate_s), number(d.simulated_s),
                        d.simulated_s > 0 ? fmt::format("{:.6f}", d.gap()) : "",
                        number(d.roofline_s), number(d.peak_s), status);
  }
  return text;
}

}  // namespace simdse
