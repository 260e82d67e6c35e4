#include "cli/report/search_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "cli/report/aim.h"
#include "cli/report/json_report.h"
#include "cli/report/search_json.h"
#include "cli/report/software_report.h"
#include "cli/report/table.h"
#include "workloads/statistics.h"

namespace simdse {

namespace {

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string signed_percent(double share) { return fmt::format("{:+.1f} %", share * 100); }

/// Objectives that have columns of their own beside samples/s and /s/W.
std::vector<Objective> energy_objectives(const SearchRun& run) {
  std::vector<Objective> result;
  for (const Objective objective : run.spec.options.objectives) {
    if (aim_of(objective).is_inverse) result.push_back(objective);
  }
  return result;
}

void add_row(Table& table, const SearchRun& run, const Contender& c, const std::string& rank) {
  const std::int64_t batch = run.setup->workload.batch();
  constexpr double gigabyte = 1024.0 * 1024 * 1024;
  // What is headed "sim" is simulated or is not there.
  std::string simulated = c.is_interrupted ? "-" : "failed";
  std::string gap = "-";
  std::string per_watt = "-";
  std::string mfu = "-";
  if (c.simulation) {
    const double throughput = c.simulated_throughput(batch);
    simulated = fmt::format("{:.2f}", throughput);
    gap = signed_percent(gap_of(c.estimate, *c.simulation));
    per_watt = fmt::format("{:.3f}", throughput / c.chip.tdp().value());
    const double peak = c.chip.peak_macs_per_second(product_format(run.setup->tasks)) *
                        to_seconds(c.simulation->time).value();
    mfu = fmt::format("{:.0f}", (c.estimate.macs - run.setup->recomputed_macs) / peak * 100);
  }
  std::vector<std::string> row = {
      rank, c.name, fmt::format("{:.2f}", c.estimated_throughput(batch)), simulated, gap};
  for (const Objective objective : energy_objectives(run)) {
    const Aim aim = aim_of(objective);
    row.push_back(aim.text(estimated_worth(objective, *run.setup, c)));
    row.push_back(aim.text(simulated_worth(objective, *run.setup, c)));
  }
  row.insert(row.end(), {per_watt, fmt::format("{:.0f}", c.chip.area().value()),
                         fmt::format("{:.1f}", c.chip.tdp().value()),
                         fmt::format("{:.3g}", to_double(c.chip.memory().capacity()) / gigabyte),
                         mfu, c.point.empty() ? "" : run.spec.space->other_values(c.point)});
  table.add_row(std::move(row));
}

std::string candidate_table(const SearchRun& run) {
  Table table;
  table.add_column("", Table::Align::right, "#");
  table.add_column("", Table::Align::left, "design");
  table.add_column("samples/s", Table::Align::right, "est");
  table.add_column("", Table::Align::right, "sim");
  table.add_column("", Table::Align::right, "gap");
  for (const Objective objective : energy_objectives(run)) {
    table.add_column(aim_of(objective).unit, Table::Align::right, "est");
    table.add_column("", Table::Align::right, "sim");
  }
  table.add_column("sim", Table::Align::right, "/s/W");
  table.add_column("", Table::Align::right, "mm2");
  table.add_column("TDP", Table::Align::right, "W");
  table.add_column("HBM", Table::Align::right, "GiB");
  table.add_column("MFU", Table::Align::right, "%");
  table.add_column("", Table::Align::left, "also");
  bool has_slow = false;
  for (std::size_t i = 0; i < run.candidates.size(); ++i) {
    const bool is_slow = yardstick_of(run).misses_floor(run.candidates[i]);
    add_row(table, run, run.candidates[i], fmt::format("{}{}", i + 1, is_slow ? " *" : ""));
    has_slow = has_slow || is_slow;
  }
  for (const Contender& baseline : run.baselines) add_row(table, run, baseline, "-");
  return table.text() + (has_slow ? fmt::format("*           simulated below the floor of {:.4g} "
                                                "samples/s: behind all that reach it\n",
                                                run.simulated_floor.samples_per_second)
                                  : "");
}

std::string time_line(const SimulationResult& simulation) {
  std::string text = "#1 time     ";
  for (std::size_t i = 0; i < simulation.breakdown.size(); ++i) {
    text += fmt::format("{}{} {:.1f}", i == 0 ? "" : " | ", time_headings()[i],
                        simulation.breakdown[i] * 100);
  }
  return text + "   = 100 %\n";
}

std::string gap_line(const SearchRun& run) {
  std::string text = "#1 gap      ";
  double total = 0;
  for (std::size_t i = 0; i < run.gap.size(); ++i) {
    text +=
        fmt::format("{}{} {:.2f}", i == 0 ? "" : ", ", run.gap[i].cause, run.gap[i].share * 100);
    total += run.gap[i].share;
  }
  return text + fmt::format("   = {:.2f} % of the simulated time\n", total * 100);
}

std::string headline_lines(const SearchRun& run) {
  const Objective objective = run.spec.options.objectives.front();
  const bool is_speed = objective == Objective::throughput;
  const char* word = is_speed ? "speed-up    " : "gain        ";
  if (!run.headline) return fmt::format("{}none to report: {}\n", word, run.no_headline);
  const Headline& headline = *run.headline;
  const Contender& faster = run.candidates[headline.contender];
  const Aim aim = aim_of(objective);
  std::string text = fmt::format(
      "{}{:.2f}x {}over {} at its own modelled area and power, by #{}, simulated (estimated "
      "{:.2f}x)\n",
      word, headline.gain,
      is_speed ? "" : fmt::format("{} ({}) ", aim.is_inverse ? "less" : "more", aim.unit),
      run.baselines.front().name, headline.contender + 1, headline.estimated_gain);
  std::string parts;
  for (const Contribution& part : run.contributions) {
    parts += fmt::format("{}{} {:.3f}x", parts.empty() ? "" : ", ", part.change, part.factor);
  }
  text += "            from (estimated, one after another): " + parts + '\n';
  if (!faster.is_in_budget) {
    text +=
        fmt::format("            #{} is over the budget: it is here for this comparison alone\n",
                    run.headline->contender + 1);
  }
  return text;
}

/// The estimated designs that no other one beats in throughput, TDP and area together: how many,
/// and the range from the fastest to the one that takes least power.
std::string front_line(const SearchRun& run) {
  const std::vector<FrontDesign>& front = run.search.front;
  const FrontDesign& fastest = front.front();
  const auto thriftiest =
      std::min_element(front.begin(), front.end(),
                       [](const FrontDesign& a, const FrontDesign& b) { return a.tdp < b.tdp; });
  const auto text = [](const FrontDesign& d) {
    return fmt::format("{:.2f} samples/s, {:.1f} W, {:.0f} mm2", d.throughput, d.tdp.value(),
                       d.area.value());
  };
  return fmt::format("front       {} of the estimated designs: {} ({}) to {} ({})\n", front.size(),
                     fastest.label, text(fastest), thriftiest->label, text(*thriftiest));
}

/// What became of the designs that were not estimated.
std::string others_text(const LocalSearchResult& search) {
  const std::string bounded = grouped(search.designs_bounded) + " ruled out by a bound";
  if (!search.designs_over_budget) return bounded + ", the rest not visited";
  return fmt::format("{} over the budget, {} can't be built, {}",
                     grouped(*search.designs_over_budget), grouped(*search.designs_impossible),
                     bounded);
}

/// How sure the answer is, by the estimate.
std::string certificate_line(const SearchRun& run) {
  const Certificate& certificate = *run.search.certificate;
  std::string text;
  for (std::size_t i = 0; i < certificate.gaps.size(); ++i) {
    const char* objective = objective_name(run.spec.options.objectives[i]);
    const double gap = certificate.gaps[i];
    text += text.empty() ? "proven      " : "; ";
    if (gap == 0) {
      text += fmt::format("{}: optimal for this estimator", objective);
    } else if (std::isfinite(gap)) {
      text += fmt::format("{}: within {:.2f} % of the optimum for this estimator", objective,
                          gap * 100);
    } else {
      text += fmt::format("{}: nothing", objective);
    }
  }
  if (certificate.nodes > 0) text += fmt::format("   {} boxes", grouped(certificate.nodes));
  if (!certificate.stopped_by.empty()) {
    text += fmt::format("; limits.{} stopped the search", certificate.stopped_by);
  }
  return text + '\n';
}

/// Who is best by the simulation, how sure that is, and what the estimate alone would have said.
std::string decision_lines(const SearchRun& run) {
  const Decision& d = run.decision;
  const Objective objective = run.spec.options.objectives.front();
  const std::string simulated =
      fmt::format("{} of {} estimated designs are simulated", d.simulated, d.estimated);
  if (d.gaps == 0) return fmt::format("undecided   {}\n", simulated);
  const std::string feat =
      yardstick_of(run).misses_floor(run.candidates.front()) ? "reach the floor" : "beat #1";
  std::string gap = fmt::format(
      "the best gap seen ({}{})", signed_percent(*d.most_favourable),
      objective == Objective::throughput ? "" : fmt::format(" in {}", objective_name(objective)));
  if (d.gaps < kLeastGaps) {
    gap += fmt::format(", on the evidence of {} gap{}", d.gaps, d.gaps == 1 ? "" : "s");
  }
  std::string text =
      fmt::format("{}{}", d.is_decided() ? "decided     " : "undecided   ", simulated);
  if (d.open > 0) {
    text += fmt::format("; {} more would {} at {}{}", d.open, feat, gap,
                        run.is_partial ? "" : ": see `simulations`");
  } else if (d.missing > 0) {
    text += fmt::format("; {} that could {} {} no simulation", d.missing, feat,
                        d.missing == 1 ? "has" : "have");
  } else if (d.simulated < d.estimated) {
    text += fmt::format("; none of the others would {} even at {}", feat, gap);
  }
  text += '\n';
  const std::size_t rank = rank_by_estimate(run, 0);
  text += fmt::format("            by the estimate #1 is number {}", rank);
  if (d.tied > 1) {
    text += fmt::format("; gaps spread over {:.1f} %, so {} of the simulated are a tie to it",
                        *d.spread * 100, d.tied);
  }
  return text + '\n';
}

/// A budget binds when a step that would make the best design faster is over it, and over the other
/// by less.
std::string binding_line(const SearchRun& run) {
  const Contender& best = run.candidates.front();
  const Objective objective = run.spec.options.objectives.front();
  const Budget& budget = run.spec.options.budget;
  const double area = best.chip.area() / budget.area;
  const double power = best.chip.tdp() / budget.power;
  constexpr double least_gain = 1e-3;
  bool area_binds = false;
  bool power_binds = false;
  for (const Purchase& purchase : run.purchases) {
    if (purchase.gain <= least_gain) continue;
    const Area needed_area = best.chip.area() + purchase.area;
    const Watts needed_power = best.chip.tdp() + purchase.tdp;
    if (budget.allows(needed_area, needed_power)) continue;
    const bool is_power = needed_power / budget.power >= needed_area / budget.area;
    (is_power ? power_binds : area_binds) = true;
  }
  const char* binding = area_binds && power_binds ? "power and area"
                        : area_binds              ? "area"
                        : power_binds             ? "power"
                                                  : "neither budget";
  std::string text = fmt::format("binding     {} ({:.1f} % of the power, {:.1f} % of the area)",
                                 binding, power * 100, area * 100);
  // The step that gives most for the scarcer budget.
  const Purchase* best_buy = nullptr;
  double best_value = 0;
  for (const Purchase& purchase : run.purchases) {
    const double cost =
        std::max(power >= area ? purchase.tdp / budget.power : purchase.area / budget.area, 1e-6);
    if (purchase.gain > least_gain && purchase.gain / cost > best_value) {
      best_value = purchase.gain / cost;
      best_buy = &purchase;
    }
  }
  if (best_buy != nullptr) {
    text += fmt::format(
        "; {} {} would give {}{} for {:+.1f} mm2, {:+.1f} W", best_buy->path, best_buy->value,
        signed_percent(best_buy->gain),
        objective == Objective::throughput ? "" : fmt::format(" in {}", objective_name(objective)),
        best_buy->area.value(), best_buy->tdp.value());
  } else {
    text += fmt::format("; one step more of anything in the space would not make it {}",
                        objective == Objective::throughput ? "faster" : "better");
  }
  return text + '\n';
}

}  // namespace

std::string search_header(const SearchSpec& spec, const TrainingSetup& setup) {
  const Workload& workload = setup.workload;
  std::string sizes;
  for (const auto& [name, value] : workload.parameters) {
    if (name == "batch" || name == "sequence" || name == "layers" || name == "image") {
      sizes += fmt::format(", {} {:g}", name, value);
    }
  }
  const GraphStatistics training = graph_statistics(setup.graph);
  const GraphStatistics forward = graph_statistics(workload.forward);
  return fmt::format("{}  training{}, {} / {}, {}; {:.4g} TMAC per step ({:.2f}x forward)\n",
                     workload.name, sizes, workload.training.formats.compute.name,
                     workload.training.formats.state.name, workload.training.optimizer,
                     static_cast<double>(training.macs) / 1e12,
                     static_cast<double>(training.macs) / static_cast<double>(forward.macs)) +
         software_text(workload.training.software, {&setup.graph}, 12) +
         fmt::format("budget      {}: {:.4g} mm2, {:.4g} W TDP, {}\n", spec.budget_text,
                     spec.options.budget.area.value(), spec.options.budget.power.value(),
                     spec.technology->name);
}

namespace {

/// The designs that plug-ins' failures cost, by reason.
std::string failed_lines(const std::vector<FailedDesign>& failed) {
  std::vector<std::pair<const FailedDesign*, std::int64_t>> reasons;  // the first, and how many
  for (const FailedDesign& design : failed) {
    const auto same = std::find_if(reasons.begin(), reasons.end(), [&](const auto& reason) {
      return reason.first->reason == design.reason;
    });
    if (same == reasons.end()) {
      reasons.emplace_back(&design, 1);
    } else {
      ++same->second;
    }
  }
  constexpr std::size_t most = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, reasons.size()); ++i) {
    const auto& [first, count] = reasons[i];
    text += fmt::format("failed      {}{}: {}\n", first->design,
                        count == 1 ? "" : fmt::format(" and {} more", grouped(count - 1)),
                        first->reason);
  }
  if (reasons.size() > most) {
    text += fmt::format("failed      for {} other reasons: see search_log.jsonl\n",
                        reasons.size() - most);
  }
  return text;
}

}  // namespace

std::string search_text(const SearchRun& run) {
  const SearchSpace& space = *run.spec.space;
  std::size_t simulated = 0;
  std::size_t interrupted = 0;
  std::string failures;
  const auto count = [&](const Contender& contender) {
    if (contender.simulation) {
      ++simulated;
    } else if (contender.is_interrupted) {
      ++interrupted;
    } else {
      failures += fmt::format("failed      {}: {}\n", contender.name, contender.failure);
    }
  };
  std::size_t asked = run.baselines.size();
  for (const Contender& candidate : run.candidates) {
    if (candidate.is_baseline) continue;
    count(candidate);
    ++asked;
  }
  for (const Contender& baseline : run.baselines) count(baseline);
  std::string text;
  text += fmt::format("search      {} designs: {} estimated, {}   {:.1f} s\n",
                      grouped(space.size()), grouped(run.search.designs_estimated),
                      others_text(run.search), run.search_seconds);
  text += run.search.certificate
              ? certificate_line(run)
              : fmt::format("proven      nothing, because {}\n", run.nothing_proven);
  text += fmt::format("simulate    {}/{} done   {:.1f} s\n{}\n", simulated, asked,
                      run.simulation_seconds, failures + failed_lines(run.search.failed));
  text += candidate_table(run) + '\n';
  text += headline_lines(run) + decision_lines(run);
  if (run.candidates.front().simulation) {
    text += time_line(*run.candidates.front().simulation);
    if (!run.gap.empty()) text += gap_line(run);
  }
  if (run.fidelity) {
    text += fmt::format("fidelity    mean |gap| {:.1f} %, largest {:.1f} % over {} design{}\n",
                        run.fidelity->mean_abs_gap * 100, run.fidelity->max_abs_gap * 100,
                        run.decision.gaps, run.decision.gaps == 1 ? "" : "s");
  } else {
    text += "fidelity    unknown: nothing is simulated\n";
  }
  if (!run.is_partial) text += binding_line(run);  // what one step more brings is asked last
  text += front_line(run);
  for (const std::string& warning : run.warnings) text += "warning     " + warning + '\n';
  if (run.is_partial) {
    text += "partial     interrupted: the best until then";
    if (interrupted > 0) text += fmt::format("; {} designs are not simulated", interrupted);
    text += '\n';
  }
  return text;
}

std::vector<std::string> result_files() {
  return {"best.yaml", "operators.csv", "search_log.jsonl", "results.json", "trace.pftrace"};
}

void write_results(OutputFolder& folder, const SearchRun& run) {
  const Contender& best = run.candidates.front();
  Design design = best.chip.design();
  design.name = best.name;
  folder.write("best.yaml", design_yaml(design));
  folder.write("operators.csv",
               operators_csv(best.chip, *run.setup, best.planned.plan, best.estimate,
                             best.simulation ? &*best.simulation : nullptr));
  folder.write("search_log.jsonl", audit_lines(run.search));
  folder.write("results.json", search_json(run).dump(2) + '\n');
  if (!run.has_trace) folder.discard("trace.pftrace");
  folder.commit();
}

}  // namespace simdse
