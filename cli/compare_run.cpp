#include "cli/compare_run.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "cli/report/progress.h"
#include "models/base/byte_text.h"
#include "models/base/worker_pool.h"
#include "search/exact/design_search.h"

namespace simdse {

template <class Archive>
void exchange(Archive& archive, MethodRun& run) {
  auto& [method, seed, ending, failure, is_bad_input, evaluations, cost_calls, priced, cpu,
         improvements, label, values, design, area, tdp, is_in_budget] = run;
  archive(method, seed, ending, failure, is_bad_input, evaluations, cost_calls, priced, cpu,
          improvements, label, values, design, area, tdp, is_in_budget);
}

const char* ending_name(Ending ending) {
  switch (ending) {
    case Ending::by_itself:
      return "by_itself";
    case Ending::limit:
      return "limit";
    case Ending::interrupted:
      return "interrupted";
    case Ending::failed:
      return "failed";
  }
  return "";
}

namespace {

std::vector<std::string> split(const std::string& names) {
  std::vector<std::string> result;
  for (std::size_t at = 0; at <= names.size();) {
    const std::size_t end = std::min(names.find(',', at), names.size());
    result.push_back(names.substr(at, end - at));
    at = end + 1;
  }
  return result;
}

Method read_method(const std::string& name, const DataFiles& files) {
  if (const Rival* rival = find_rival(name)) return {name, rival, {}};
  const bool is_path = name.find('/') != std::string::npos ||
                       (name.size() > 5 && name.compare(name.size() - 5, 5, ".yaml") == 0);
  const std::vector<std::string> designs = files.names("configs/designs");
  if (!is_path && std::find(designs.begin(), designs.end(), name) == designs.end()) {
    std::vector<std::string> known = {"all"};
    for (const Rival& rival : rivals()) known.emplace_back(rival.name);
    known.insert(known.end(), designs.begin(), designs.end());
    throw InputError(fmt::format("compare: there is no rival and no design '{}'{}", name,
                                 spelling_hint(name, known)));
  }
  return {name, nullptr, load_design(name, files)};
}

}  // namespace

std::vector<Method> read_methods(const std::string& names, const DataFiles& files) {
  std::vector<Method> methods;
  std::set<std::string> seen;
  const auto add = [&](Method method) {
    if (!seen.insert(method.name).second) {
      throw InputError(fmt::format("compare: '{}' is named twice", method.name));
    }
    methods.push_back(std::move(method));
  };
  for (const std::string& name : split(names)) {
    if (name == "all") {
      for (const Rival& rival : rivals()) add({rival.name, &rival, {}});
    } else {
      add(read_method(name, files));
    }
  }
  return methods;
}

namespace {

class Comparison {
 public:
  explicit Comparison(CompareRun& run) : run_(run) {}

  /// Prices and estimates the baselines, as a search does before it begins.
  void prepare() {
    Evaluator evaluator = make_evaluator();
    LocalSearchOptions& search = run_.spec.options;
    std::optional<double> baseline_throughput;  // of the first
    for (const Design& design : run_.spec.baselines) {
      try {
        const double throughput = evaluator.evaluate(evaluator.chip(design)).throughput;
        if (!baseline_throughput) baseline_throughput = throughput;
      } catch (const PluginFailure& failure) {
        run_.warnings.push_back(
            fmt::format("baseline '{}' is left out: {}", design.name, failure.what()));
        continue;
      } catch (const InputError& problem) {
        throw InputError(fmt::format("baseline '{}': {}", design.name, problem.what()));
      }
      if (const auto point = run_.spec.space->find(design)) search.seeds.push_back(*point);
    }
    resolve_floor(run_.spec, evaluator, baseline_throughput);
    run_.objective = search.objectives.front();
    search.objectives = {run_.objective};
    for (const Method& method : run_.options.methods) {
      if (!method.design || method.design->technology == run_.spec.space->base().technology) {
        continue;
      }
      throw InputError(fmt::format("compare: '{}' is of technology {}, the search's designs of {}",
                                   method.name, method.design->technology,
                                   run_.spec.space->base().technology));
    }
  }

  void run_search() {
    const char* method = method_name(run_.spec.options.method);
    run_.runs = run_all({[this] { return to_bytes(search()); }}, {{method, 1}}, method);
    const MethodRun& found = run_.runs.front();
    if (found.ending == Ending::failed) throw std::runtime_error(found.failure);
    if (found.is_bad_input) throw InputError(found.failure);
    if (!found.failure.empty()) throw NegativeResult(found.failure);
    const double by_factor =
        std::ceil(run_.options.budget_factor * static_cast<double>(found.evaluations));
    run_.limits.evaluations =
        run_.options.evaluations.value_or(static_cast<std::int64_t>(by_factor));
    if (run_.options.cost_calls) run_.limits.cost_calls = *run_.options.cost_calls;
  }

  void run_rivals() {
    std::vector<std::function<std::string()>> jobs;
    std::vector<std::pair<std::string, std::uint64_t>> names;
    for (const Method& method : run_.options.methods) {
      for (std::uint64_t seed = 1; seed <= (method.is_seeded() ? run_.options.seeds : 1); ++seed) {
        names.emplace_back(method.name, seed);
        jobs.emplace_back([this, &method, seed] {
          return to_bytes(method.rival != nullptr ? rival(method, seed) : fixed(method));
        });
      }
    }
    for (MethodRun& run : run_all(jobs, names, "compare")) run_.runs.push_back(std::move(run));
  }

 private:
  using Names = std::vector<std::pair<std::string, std::uint64_t>>;

  Evaluator make_evaluator() const {
    return {run_.setup->tasks, run_.setup->workload.batch(), run_.spec.technology};
  }

  bool is_interrupted() const {
    return run_.options.is_interrupted && run_.options.is_interrupted();
  }

  std::vector<MethodRun> run_all(const std::vector<std::function<std::string()>>& jobs,
                                 const Names& names, const char* what) const {
    Progress progress(what, static_cast<std::int64_t>(jobs.size()));
    WorkerOptions workers;
    workers.workers = run_.options.workers;
    workers.hang_limit = kEndsByItself;
    const std::vector<JobResult> results = run_jobs(
        jobs, workers, [&](std::size_t done) { progress.update(static_cast<std::int64_t>(done)); });
    std::vector<MethodRun> runs;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i].ok) {
        runs.push_back(from_bytes<MethodRun>(results[i].output));
        continue;
      }
      MethodRun failed;
      failed.method = names[i].first;
      failed.seed = names[i].second;
      failed.ending = Ending::failed;
      failed.failure = results[i].failure;
      runs.push_back(std::move(failed));
    }
    return runs;
  }

  /// What an evaluator's listener has heard.
  MethodRun report(const std::string& method, std::uint64_t seed,
                   const Convergence& convergence) const {
    MethodRun result;
    result.method = method;
    result.seed = seed;
    result.evaluations = convergence.evaluations();
    result.cost_calls = convergence.cost_calls();
    result.cpu_seconds = convergence.spent_seconds();
    result.improvements = convergence.improvements();
    if (!convergence.best()) return result;
    Design design = convergence.best()->design;
    if (const auto point = run_.spec.space->find(design)) {
      result.values = run_.spec.space->all_values(*point);
    }
    result.label = convergence.best()->label;
    if (design.name.empty() || !result.values.empty()) design.name = result.label;
    result.design = design_yaml(design);
    result.area = convergence.best()->evaluation.area.value();
    result.tdp = convergence.best()->evaluation.tdp.value();
    return result;
  }

  MethodRun search() const {
    Convergence convergence(run_.objective, run_.spec.options.throughput_floor);
    Evaluator evaluator = make_evaluator();
    evaluator.observe(convergence.observer());
    LocalSearchOptions options = run_.spec.options;
    options.is_interrupted = run_.options.is_interrupted;
    std::int64_t priced = 0;
    Ending ending = Ending::by_itself;
    std::string nothing;
    bool is_bad_input = false;
    try {
      const LocalSearchResult found = search_designs(*run_.spec.space, evaluator, options);
      priced = found.designs_priced;
      if (found.is_partial) ending = Ending::interrupted;
    } catch (const NegativeResult& negative) {
      if (is_interrupted()) {
        ending = Ending::interrupted;
      } else {
        nothing = negative.what();
      }
    } catch (const InputError& problem) {
      nothing = problem.what();
      is_bad_input = true;
    }
    MethodRun result = report(method_name(options.method), 1, convergence);
    result.priced = priced;
    result.ending = ending;
    result.failure = nothing;
    result.is_bad_input = is_bad_input;
    return result;
  }

  MethodRun rival(const Method& method, std::uint64_t seed) const {
    Evaluator evaluator = make_evaluator();
    const LocalSearchOptions& search = run_.spec.options;
    CountedEvaluator counted(*run_.spec.space, evaluator,
                             {search.budget, run_.objective, search.throughput_floor, run_.limits,
                              search.seeds, run_.options.is_interrupted});
    run_rival(*method.rival, counted, seed);
    MethodRun result = report(method.name, seed, counted.convergence());
    result.priced = counted.priced();
    const bool is_at_limit = result.evaluations >= run_.limits.evaluations ||
                             result.cost_calls >= run_.limits.cost_calls;
    result.ending = is_interrupted() && !is_at_limit ? Ending::interrupted
                    : is_at_limit                    ? Ending::limit
                                                     : Ending::by_itself;
    return result;
  }

  MethodRun fixed(const Method& method) const {
    // A design is what it is: the floor is for those that search.
    Convergence convergence(run_.objective, ThroughputFloor());
    Evaluator evaluator = make_evaluator();
    evaluator.observe(convergence.observer());
    const Chip chip = evaluator.chip(*method.design);
    std::string misfit;
    try {
      evaluator.evaluate(chip);
    } catch (const InputError& problem) {
      misfit = problem.what();
    }
    MethodRun result = report(method.name, 1, convergence);
    result.priced = 1;
    result.is_in_budget = Evaluator::is_allowed(chip, run_.spec.options.budget);
    if (!misfit.empty()) {
      result.ending = Ending::failed;
      result.failure = misfit;
    }
    return result;
  }

  CompareRun& run_;
};

/// Whether what a run found may be the best known: a fixed design may be over the budget or below
/// the floor.
bool counts(const CompareRun& run, const MethodRun& of_one) {
  if (!of_one.is_in_budget || !of_one.has_best()) return false;
  return run.spec.options.throughput_floor.allows(run.objective,
                                                  of_one.improvements.back().throughput);
}

/// The middle one, or the mean of the two in the middle; infinite where the middle is.
double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Median efforts until `worth` was reached; nothing if the median run never did.
std::optional<MethodSummary::Effort> effort_to(const std::vector<const MethodRun*>& runs,
                                               double worth) {
  std::vector<double> evaluations;
  std::vector<double> cost_calls;
  std::vector<double> seconds;
  constexpr double never = std::numeric_limits<double>::infinity();
  for (const MethodRun* run : runs) {
    const auto reached = std::find_if(run->improvements.begin(), run->improvements.end(),
                                      [worth](const Improvement& i) { return i.worth >= worth; });
    const bool has = reached != run->improvements.end();
    evaluations.push_back(has ? static_cast<double>(reached->evaluations) : never);
    cost_calls.push_back(has ? static_cast<double>(reached->cost_calls) : never);
    seconds.push_back(has ? reached->cpu_seconds : never);
  }
  const MethodSummary::Effort effort{median(evaluations), median(cost_calls), median(seconds)};
  if (!std::isfinite(effort.evaluations)) return std::nullopt;
  return effort;
}

}  // namespace

MethodSummary summarise(const std::vector<const MethodRun*>& runs, double best_known,
                        double found) {
  // What is as good but for rounding is neither better nor worse.
  constexpr double better = 1 + 1e-4;
  MethodSummary summary;
  summary.method = runs.front()->method;
  summary.is_in_budget = runs.front()->is_in_budget;
  std::vector<double> evaluations;
  std::vector<double> cost_calls;
  std::vector<double> seconds;
  std::vector<double> throughput;
  std::vector<double> per_tdp;
  std::vector<double> worths;
  std::vector<const MethodRun*> begun;
  for (const MethodRun* run : runs) {
    if (run->has_begun()) begun.push_back(run);
  }
  summary.runs = begun.size();
  if (begun.empty()) return summary;
  for (const MethodRun* run : begun) {
    evaluations.push_back(static_cast<double>(run->evaluations));
    cost_calls.push_back(static_cast<double>(run->cost_calls));
    seconds.push_back(run->cpu_seconds);
    worths.push_back(run->worth());
    throughput.push_back(run->has_best() ? run->improvements.back().throughput : 0);
    per_tdp.push_back(run->has_best() ? run->improvements.back().throughput_per_tdp : 0);
    if (!run->is_in_budget) continue;  // what all others have to do without
    summary.close += run->worth() > 0 && run->worth() >= 0.99 * found ? 1 : 0;
    summary.better += run->worth() >= better * found ? 1 : 0;
  }
  summary.total = {median(evaluations), median(cost_calls), median(seconds)};
  if (summary.is_in_budget) {
    summary.to_5_percent = effort_to(begun, 0.95 * best_known);
    summary.to_1_percent = effort_to(begun, 0.99 * best_known);
  }
  summary.throughput = median(throughput);
  summary.least_throughput = *std::min_element(throughput.begin(), throughput.end());
  summary.most_throughput = *std::max_element(throughput.begin(), throughput.end());
  summary.throughput_per_tdp = median(per_tdp);
  summary.worth = median(worths);
  return summary;
}

CompareRun run_comparison(SearchSpec spec, const CompareOptions& options,
                          const std::function<void(const CompareRun&)>& on_ready) {
  CompareRun run;
  run.spec = std::move(spec);
  run.options = options;
  run.setup = std::make_unique<TrainingSetup>(run.spec.workload);
  Comparison comparison(run);
  comparison.prepare();
  if (on_ready) on_ready(run);
  comparison.run_search();
  // An interrupted search says nothing about how much the rivals may have.
  const bool has_search = run.runs.front().ending != Ending::interrupted;
  if (has_search) comparison.run_rivals();
  for (const MethodRun& of_one : run.runs) {
    run.is_partial = run.is_partial || of_one.ending == Ending::interrupted;
    if (counts(run, of_one)) run.best_known = std::max(run.best_known, of_one.worth());
    if (of_one.ending != Ending::failed) continue;
    run.warnings.push_back(
        fmt::format("{}, seed {}: {}", of_one.method, of_one.seed, of_one.failure));
  }
  for (std::size_t i = 0; i < run.runs.size();) {
    std::vector<const MethodRun*> of_one;
    const std::string& method = run.runs[i].method;
    for (; i < run.runs.size() && run.runs[i].method == method; ++i) of_one.push_back(&run.runs[i]);
    run.summaries.push_back(summarise(of_one, run.best_known, run.runs.front().worth()));
  }
  return run;
}

}  // namespace simdse
