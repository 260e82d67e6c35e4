#include "cli/search_run.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "cli/report/json_report.h"
#include "cli/simulation_job.h"
#include "search/plan/plan_validator.h"

namespace simdse {
namespace {

Contender make_contender(const SearchRun& run, std::string name, const Design& design) {
  Contender contender{std::move(name), run.evaluator->chip(design), {}, {}, {}, {}, {}, {}};
  contender.planned = make_plan(contender.chip, run.setup->tasks);
  const std::vector<std::string> problems =
      validate_plan(run.setup->graph, contender.chip, contender.planned.plan);
  if (!problems.empty()) {
    throw std::logic_error(fmt::format("the plan of {} is wrong: {}", contender.name, problems[0]));
  }
  contender.estimate = estimate_plan(contender.chip, contender.planned.plan);
  return contender;
}

/// The best designs of all objectives, each once.
std::vector<Contender> make_candidates(const SearchRun& run) {
  std::vector<Contender> result;
  for (std::size_t i = 0; i < run.search.best.size(); ++i) {
    for (const Candidate& candidate : run.search.best[i]) {
      auto known = std::find_if(result.begin(), result.end(),
                                [&](const Contender& c) { return c.point == candidate.point; });
      if (known == result.end()) {
        result.push_back(make_contender(run, candidate.label, candidate.design));
        result.back().point = candidate.point;
        known = result.end() - 1;
      }
      known->chosen_for.push_back(run.spec.options.objectives[i]);
    }
  }
  return result;
}

void simulate_all(SearchRun& run, const SearchRunOptions& options) {
  std::vector<Contender*> all;
  for (Contender& candidate : run.candidates) all.push_back(&candidate);
  for (Contender& baseline : run.baselines) all.push_back(&baseline);
  if (options.shuffle) {
    std::shuffle(all.begin(), all.end(), std::mt19937_64(*options.shuffle));
  }
  std::vector<std::function<std::string()>> jobs;
  for (const Contender* contender : all) {
    jobs.emplace_back([contender, &run] {
      return simulation_job(contender->chip, *run.setup, contender->planned.plan, {});
    });
  }
  Progress progress("simulate", static_cast<std::int64_t>(jobs.size()));
  WorkerOptions workers;
  workers.workers = options.workers;
  const std::vector<JobResult> results = run_jobs(
      jobs, workers, [&](std::size_t done) { progress.update(static_cast<std::int64_t>(done)); });
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (results[i].ok) {
      all[i]->simulation = from_text(results[i].output);
    } else {
      all[i]->failure = results[i].failure;
    }
  }
  run.simulation_seconds = progress.seconds();
}

void rank(SearchRun& run) {
  const std::int64_t batch = run.setup->workload.batch();
  const bool by_power = run.spec.options.objectives.front() == Objective::throughput_per_tdp;
  const auto worth = [&](const Contender& c, double throughput) {
    return by_power ? throughput / c.chip.tdp().value() : throughput;
  };
  std::stable_sort(
      run.candidates.begin(), run.candidates.end(), [&](const Contender& a, const Contender& b) {
        const double x = worth(a, a.simulated_throughput(batch));
        const double y = worth(b, b.simulated_throughput(batch));
        if (x != y) return x > y;
        return worth(a, a.estimated_throughput(batch)) > worth(b, b.estimated_throughput(batch));
      });
}

Fidelity measure_fidelity(const SearchRun& run) {
  const std::int64_t batch = run.setup->workload.batch();
  std::vector<std::pair<double, double>> throughputs;  // estimated, simulated
  Fidelity fidelity;
  const auto add = [&](const Contender& contender) {
    if (!contender.simulation) return;
    const double gap = std::abs(gap_of(contender.estimate, *contender.simulation));
    fidelity.mean_abs_gap += gap;
    fidelity.max_abs_gap = std::max(fidelity.max_abs_gap, gap);
    throughputs.emplace_back(contender.estimated_throughput(batch),
                             contender.simulated_throughput(batch));
  };
  for (const Contender& candidate : run.candidates) add(candidate);
  for (const Contender& baseline : run.baselines) add(baseline);
  if (throughputs.empty()) return fidelity;
  fidelity.mean_abs_gap /= static_cast<double>(throughputs.size());
  double concordant = 0;
  double pairs = 0;
  for (std::size_t i = 0; i < throughputs.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double product = (throughputs[i].first - throughputs[j].first) *
                             (throughputs[i].second - throughputs[j].second);
      concordant += product > 0 ? 1 : product < 0 ? -1 : 0;
      pairs += 1;
    }
  }
  if (pairs > 0) fidelity.kendall_tau = concordant / pairs;
  const auto favourite = std::max_element(throughputs.begin(), throughputs.end());
  double fastest = 0;
  for (const auto& [estimated, simulated] : throughputs) fastest = std::max(fastest, simulated);
  fidelity.top1_regret = 1 - favourite->second / fastest;
  return fidelity;
}

/// The fastest simulated candidate that costs no more than the first baseline.
std::optional<Headline> find_headline(const SearchRun& run) {
  const Contender& baseline = run.baselines.front();
  if (!baseline.simulation) return std::nullopt;
  const std::int64_t batch = run.setup->workload.batch();
  const Budget budget{baseline.chip.area(), baseline.chip.tdp()};
  std::optional<Headline> best;
  for (std::size_t i = 0; i < run.candidates.size(); ++i) {
    const Contender& candidate = run.candidates[i];
    if (!candidate.simulation || !budget.allows(candidate.chip.area(), candidate.chip.tdp())) {
      continue;
    }
    const double speedup =
        candidate.simulated_throughput(batch) / baseline.simulated_throughput(batch);
    if (best && best->speedup >= speedup) continue;
    best = Headline{i, speedup,
                    candidate.estimated_throughput(batch) / baseline.estimated_throughput(batch)};
  }
  return best;
}

/// Simulates the best candidate again and again with one cause of the gap less each time, and once
/// for its trace.
void decompose_gap(SearchRun& run, const SearchRunOptions& options, const std::string& trace_path) {
  const Contender& best = run.candidates.front();
  if (!best.simulation) return;
  const std::vector<GapStep> steps = gap_steps(best.chip);
  std::vector<std::function<std::string()>> jobs;
  for (const GapStep& step : steps) {
    jobs.emplace_back([&] {
      SimulationOptions without;
      without.ideal = step.ideal;
      return simulation_job(step.chip, *run.setup, best.planned.plan, without);
    });
  }
  if (!trace_path.empty()) {
    jobs.emplace_back(
        [&] { return simulation_job(best.chip, *run.setup, best.planned.plan, {}, trace_path); });
  }
  Progress progress("explain", static_cast<std::int64_t>(jobs.size()));
  WorkerOptions workers;
  workers.workers = options.workers;
  const std::vector<JobResult> results = run_jobs(
      jobs, workers, [&](std::size_t done) { progress.update(static_cast<std::int64_t>(done)); });
  for (const JobResult& result : results) {
    if (!result.ok) throw std::runtime_error("explaining the gap failed: " + result.failure);
  }
  GapTimes times;
  times.simulated = to_seconds(best.simulation->time).value();
  times.estimate = best.estimate.time.value();
  times.contention_free_estimate =
      best.estimate.contention_free_cycles / best.chip.clock().frequency().value();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    times.after.push_back(to_seconds(from_text(results[i].output).time).value());
  }
  run.gap = gap_shares(steps, times);
  run.simulation_seconds += progress.seconds();
}

/// Searches once more within the first baseline's own area and power, if the search's budget is
/// another, so that the comparison with it is fair.
void add_fair_candidate(SearchRun& run) {
  const Contender& baseline = run.baselines.front();
  const Budget own{baseline.chip.area(), baseline.chip.tdp()};
  const Budget& given = run.spec.options.budget;
  if (own.area == given.area && own.power == given.power) return;
  LocalSearchOptions options = run.spec.options;
  options.budget = own;
  options.objectives = {Objective::throughput};
  options.top_k = 1;
  try {
    const LocalSearchResult fair = search_locally(*run.spec.space, *run.evaluator, options);
    const Candidate& best = fair.best.front().front();
    const bool is_known = std::any_of(run.candidates.begin(), run.candidates.end(),
                                      [&](const Contender& c) { return c.point == best.point; });
    if (is_known || !given.allows(best.evaluation.area, best.evaluation.tdp)) return;
    run.candidates.push_back(make_contender(run, best.label, best.design));
    run.candidates.back().point = best.point;
  } catch (const NegativeResult&) {
    // The space has nothing as small as the baseline; then there is no such comparison.
  }
}

}  // namespace

SearchRun run_whole_search(SearchSpec spec, const SearchRunOptions& options,
                           const std::string& trace_path,
                           const std::function<void(const SearchRun&)>& on_ready) {
  SearchRun run;
  run.spec = std::move(spec);
  run.setup = std::make_unique<TrainingSetup>(run.spec.workload);
  run.evaluator = std::make_unique<Evaluator>(run.setup->tasks, run.setup->workload.batch(),
                                              run.spec.technology);
  for (const Design& design : run.spec.baselines) {
    try {
      run.baselines.push_back(make_contender(run, design.name, design));
    } catch (const InputError& problem) {
      throw InputError(fmt::format("baseline '{}': {}", design.name, problem.what()));
    }
  }
  run.spec.options.throughput_floor =
      run.baselines.front().estimated_throughput(run.setup->workload.batch());
  if (on_ready) on_ready(run);
  {
    Progress progress("search", 0);
    run.search = search_locally(*run.spec.space, *run.evaluator, run.spec.options,
                                [&](std::int64_t done) { progress.update(done); });
    run.candidates = make_candidates(run);
    add_fair_candidate(run);
    run.search_seconds = progress.seconds();
  }
  simulate_all(run, options);
  rank(run);
  run.fidelity = measure_fidelity(run);
  run.headline = find_headline(run);
  decompose_gap(run, options, trace_path);
  const Contender& best = run.candidates.front();
  run.contributions = explain_difference(*run.spec.space, *run.evaluator,
                                         run.baselines.front().chip.design(), best.chip.design());
  run.purchases = price_purchases(*run.spec.space, *run.evaluator, best.point);
  return run;
}

}  // namespace simdse
