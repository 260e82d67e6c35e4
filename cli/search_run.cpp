#include "cli/search_run.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "cli/candidates.h"
#include "cli/gap_causes.h"
#include "cli/report/json_report.h"
#include "cli/simulation_job.h"
#include "models/plugin/plugin.h"
#include "search/exact/box_bound.h"
#include "search/exact/design_search.h"

namespace simdse {
namespace {

Contender make_contender(const SearchRun& run, std::string name, const Design& design) {
  return make_contender(*run.evaluator, std::move(name), design);
}

/// Does `work`, unless a plug-in fails in it: then that is a warning that begins with `what`.
template <class Work>
void unless_plugin_fails(SearchRun& run, const std::string& what, Work&& work) {
  try {
    work();
  } catch (const PluginFailure& failure) {
    run.warnings.push_back(fmt::format("{}: {}", what, failure.what()));
  }
}

void simulate_all(SearchRun& run, const SearchRunOptions& options) {
  std::vector<Contender*> all;
  for (Contender& candidate : run.candidates) all.push_back(&candidate);
  for (Contender& baseline : run.baselines) all.push_back(&baseline);
  if (options.seed) std::shuffle(all.begin(), all.end(), std::mt19937_64(*options.seed));
  Progress progress("simulate", static_cast<std::int64_t>(all.size()));
  simulate_contenders(all, *run.setup, options.simulate, options.worker_options(),
                      [&](std::size_t done) { progress.update(static_cast<std::int64_t>(done)); });
  run.simulation_seconds = progress.seconds();
}

/// A baseline that the space has, within the budget and above the floor, is as good a candidate as
/// any.
bool can_be_best(const SearchRun& run, const Contender& baseline) {
  return !baseline.point.empty() && baseline.is_in_budget && baseline.simulation &&
         run.spec.options.throughput_floor.allows(
             run.spec.options.objectives.front(),
             baseline.estimated_throughput(run.setup->workload.batch())) &&
         !yardstick_of(run).misses_floor(baseline);
}

/// The floor that simulated designs have to reach: where it is what a baseline achieves, then by
/// the simulation.
ThroughputFloor simulated_floor(const SearchRun& run) {
  ThroughputFloor floor = run.spec.options.throughput_floor;
  const bool is_baselines = run.spec.floor_like || !floor.is_given;
  for (const Contender& baseline : run.baselines) {
    const bool is_it = run.spec.floor_like ? design_yaml(baseline.chip.design()) ==
                                                 design_yaml(*run.spec.floor_like)
                                           : &baseline == &run.baselines.front();
    if (!is_baselines || !is_it || !baseline.simulation) continue;
    floor.samples_per_second = baseline.simulated_throughput(run.setup->workload.batch());
  }
  return floor;
}

/// Goes on down the ranking until the simulation has decided.
void decide(SearchRun& run, const SearchRunOptions& options) {
  const Yardstick yardstick = yardstick_of(run);
  Progress progress("decide", 0);
  std::int64_t done = 0;
  std::vector<Candidate> waiting;  // but for what is simulated as a baseline
  for (const Candidate& candidate : run.search.runners_up) {
    const bool is_baseline =
        std::any_of(run.baselines.begin(), run.baselines.end(), [&](const Contender& baseline) {
          return baseline.simulation && baseline.point == candidate.point;
        });
    if (!is_baseline) waiting.push_back(candidate);
  }
  double best_baseline = 0;
  for (const Contender& baseline : run.baselines) {
    if (!can_be_best(run, baseline)) continue;
    best_baseline = std::max(best_baseline, yardstick.simulated(baseline));
  }
  SimulationLadder ladder(yardstick, *run.evaluator, std::move(waiting));
  const auto may_go_on = [&] { return !options.is_interrupted || !options.is_interrupted(); };
  const auto simulate = [&](std::vector<Contender>& next) {
    std::vector<Contender*> all;
    for (Contender& contender : next) all.push_back(&contender);
    simulate_contenders(all, *run.setup, options.simulate, options.worker_options(),
                        [&](std::size_t) { progress.update(++done); });
  };
  run.decision = ladder.climb_down(run.candidates, run.baselines, best_baseline,
                                   run.spec.simulations, simulate, may_go_on);
  for (const std::string& failure : ladder.failures()) run.warnings.push_back(failure);
  run.simulation_seconds += progress.seconds();
}

/// The best by simulation first; behind those that count, those below the floor, then those over
/// the budget.
void rank(SearchRun& run) {
  const Yardstick yardstick = yardstick_of(run);
  std::stable_sort(run.candidates.begin(), run.candidates.end(),
                   [&](const Contender& a, const Contender& b) {
                     if (a.is_in_budget != b.is_in_budget) return a.is_in_budget;
                     // What is not simulated says nothing of the floor.
                     const double counts_a = yardstick.as_answer(a);
                     const double counts_b = yardstick.as_answer(b);
                     if (counts_a != counts_b) return counts_a > counts_b;
                     const double x = yardstick.simulated(a);
                     const double y = yardstick.simulated(b);
                     return x != y ? x > y : yardstick.estimated(a) > yardstick.estimated(b);
                   });
  const Contender& best = run.candidates.front();
  if (!yardstick.misses_floor(best)) return;
  run.warnings.push_back(
      fmt::format("no simulated design within the budget reaches the floor of {:.4g} samples/s: #1 "
                  "makes {:.4g}",
                  run.simulated_floor.samples_per_second, yardstick.simulated_throughput(best)));
}

/// When none of the others turned out better, a baseline is the best.
void admit_baselines(SearchRun& run) {
  const Yardstick yardstick = yardstick_of(run);
  double best = 0;
  for (const Contender& candidate : run.candidates) {
    best = std::max(best, yardstick.as_answer(candidate));
  }
  for (const Contender& baseline : run.baselines) {
    const bool is_known =
        std::any_of(run.candidates.begin(), run.candidates.end(),
                    [&](const Contender& c) { return c.point == baseline.point; });
    if (is_known || !can_be_best(run, baseline) || yardstick.simulated(baseline) <= best) continue;
    run.candidates.push_back(baseline);
    run.candidates.back().is_baseline = true;
  }
}

/// Empty if nothing is simulated.
std::optional<Fidelity> fidelity_of(const SearchRun& run) {
  std::vector<Prediction> predictions;
  for (const std::vector<Contender>* list : {&run.candidates, &run.baselines}) {
    for (const Contender& contender : *list) {
      if (!contender.simulation) continue;
      predictions.push_back(
          {contender.estimate.time.value(), to_seconds(contender.simulation->time).value()});
    }
  }
  if (predictions.empty()) return std::nullopt;
  return measure_fidelity(predictions);
}

/// Fills in the comparison with the first baseline, or why there is none.
void find_headline(SearchRun& run) {
  if (run.baselines.empty()) {
    run.no_headline = "there is no baseline";
    return;
  }
  const Contender& baseline = run.baselines.front();
  if (!baseline.simulation) {
    run.no_headline = fmt::format("the simulation of {} {}", baseline.name,
                                  baseline.is_interrupted ? "was interrupted" : "failed");
    return;
  }
  const Budget budget{baseline.chip.area(), baseline.chip.tdp()};
  const Yardstick yardstick = yardstick_of(run);
  std::optional<Headline> best;
  for (std::size_t i = 0; i < run.candidates.size(); ++i) {
    const Contender& candidate = run.candidates[i];
    if (!candidate.simulation || yardstick.misses_floor(candidate) ||
        !budget.allows(candidate.chip.area(), candidate.chip.tdp())) {
      continue;
    }
    const double gain = yardstick.simulated(candidate) / yardstick.simulated(baseline);
    if (best && best->gain >= gain) continue;
    best = Headline{i, gain, yardstick.estimated(candidate) / yardstick.estimated(baseline)};
  }
  if (!baseline.point.empty() && (!best || best->gain <= 1)) {
    run.no_headline = fmt::format(
        "{} is in the space, and nothing simulated is {} at its own modelled area and power",
        baseline.name, yardstick.objective() == Objective::throughput ? "faster" : "better");
  } else if (!best) {
    run.no_headline = fmt::format("no simulated design costs as little as {} does", baseline.name);
  } else {
    run.headline = best;
    run.contributions =
        explain_difference(*run.spec.space, *run.evaluator, baseline.chip.design(),
                           run.candidates[best->contender].chip.design(), yardstick.objective());
  }
}

/// Simulates the best candidate again and again with one cause of the gap less each time, and once
/// for its trace.
void decompose_gap(SearchRun& run, const SearchRunOptions& options, const std::string& trace_path) {
  const Contender& best = run.candidates.front();
  if (!best.simulation) return;
  const GapSeries series(best.chip, *run.setup, best.planned.plan);
  std::vector<std::function<std::string()>> jobs;
  series.append_jobs(options.simulate, jobs);
  if (!trace_path.empty()) {
    jobs.emplace_back(
        [&] { return options.simulate(best.chip, *run.setup, best.planned.plan, {}, trace_path); });
  }
  Progress progress("explain", static_cast<std::int64_t>(jobs.size()));
  const std::vector<JobResult> results =
      run_jobs(jobs, options.worker_options(),
               [&](std::size_t done) { progress.update(static_cast<std::int64_t>(done)); });
  run.simulation_seconds += progress.seconds();
  if (!trace_path.empty()) {
    run.has_trace = results.back().ok;
    if (!run.has_trace) {
      run.warnings.push_back("there is no trace of #1: its simulation " + results.back().failure);
    }
  }
  std::string problem;
  run.gap = series.shares(results.data(), best.estimate, best.simulation->time, problem);
  if (run.gap.empty()) run.warnings.push_back("the gap of #1 has no causes: " + problem);
}

/// Why nothing could be proven.
std::string obstacle_to_proof(const SearchRun& run) {
  if (run.search.is_partial) return "the search was interrupted";
  if (!run.evaluator->is_one_graph()) return "the step is planned as several graphs";
  return BoxBound::obstacle(*run.spec.space);
}

}  // namespace

WorkerOptions SearchRunOptions::worker_options() const {
  WorkerOptions result;
  result.workers = workers;
  result.is_interrupted = is_interrupted;
  return result;
}

Yardstick yardstick_of(const SearchRun& run) {
  return {run.spec.options.objectives.front(), run.simulated_floor, *run.setup};
}

std::size_t rank_by_estimate(const SearchRun& run, std::size_t index) {
  const Yardstick yardstick = yardstick_of(run);
  const double own = yardstick.estimated(run.candidates[index]);
  return 1 + static_cast<std::size_t>(std::count_if(
                 run.candidates.begin(), run.candidates.end(), [&](const Contender& other) {
                   return other.is_in_budget && yardstick.estimated(other) > own;
                 }));
}

SearchRun run_whole_search(SearchSpec spec, const SearchRunOptions& options,
                           const std::string& trace_path,
                           const std::function<void(const SearchRun&)>& on_ready) {
  SearchRun run;
  run.spec = std::move(spec);
  run.setup = std::make_unique<TrainingSetup>(run.spec.workload);
  run.evaluator = std::make_unique<Evaluator>(run.setup->tasks, run.setup->workload.batch(),
                                              run.spec.technology);
  LocalSearchOptions& search = run.spec.options;
  search.is_interrupted = options.is_interrupted;
  for (const Design& design : run.spec.baselines) {
    try {
      run.baselines.push_back(make_contender(run, design.name, design));
    } catch (const PluginFailure& failure) {
      run.warnings.push_back(
          fmt::format("baseline '{}' is left out: {}", design.name, failure.what()));
      continue;
    } catch (const InputError& problem) {
      throw InputError(fmt::format("baseline '{}': {}", design.name, problem.what()));
    }
    Contender& baseline = run.baselines.back();
    baseline.is_in_budget = search.budget.allows(baseline.chip.area(), baseline.chip.tdp());
    if (const std::optional<Point> point = run.spec.space->find(design)) {
      baseline.point = *point;
      search.seeds.push_back(*point);
    }
  }
  std::optional<double> baseline_throughput;
  if (!run.baselines.empty()) {
    const Contender& first = run.baselines.front();
    baseline_throughput = first.estimated_throughput(run.setup->workload.batch());
    search.also_within = Budget{first.chip.area(), first.chip.tdp()};
  }
  resolve_floor(run.spec, *run.evaluator, baseline_throughput);
  if (on_ready) on_ready(run);
  {
    Progress progress("search", 0);
    run.search = search_designs(*run.spec.space, *run.evaluator, search,
                                [&](std::int64_t done) { progress.update(done); });
    choose_candidates(run);
    if (run.candidates.empty()) {
      throw NegativeResult("no design is left: " + run.search.failed.back().reason);
    }
    unless_plugin_fails(run, "no design at the baseline's own area and power",
                        [&] { add_fair_candidate(run); });
    run.search_seconds = progress.seconds();
    if (!run.search.certificate) run.nothing_proven = obstacle_to_proof(run);
  }
  simulate_all(run, options);
  run.simulated_floor = simulated_floor(run);
  decide(run, options);
  run.fidelity = fidelity_of(run);
  admit_baselines(run);
  rank(run);
  unless_plugin_fails(run, "the comparison is not explained", [&] { find_headline(run); });
  run.is_partial = options.is_interrupted && options.is_interrupted();
  if (run.is_partial) return run;
  unless_plugin_fails(run, "the gap of #1 has no causes",
                      [&] { decompose_gap(run, options, trace_path); });
  unless_plugin_fails(run, "no step more is priced", [&] {
    const Point& best = run.candidates.front().point;
    const Objective objective = run.spec.options.objectives.front();
    run.purchases = price_purchases(*run.spec.space, *run.evaluator, best, objective);
    for (const std::string& path :
         unmoving_axes(*run.spec.space, *run.evaluator, best, objective)) {
      run.warnings.push_back(fmt::format(
          "{} does not move the estimate of #1: its value there is the first, not the best", path));
    }
  });
  run.is_partial = options.is_interrupted && options.is_interrupted();
  return run;
}

}  // namespace simdse
