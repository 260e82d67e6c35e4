#include "cli/candidates.h"

#include <fmt/core.h>

#include <algorithm>

#include "models/plugin/plugin.h"

namespace simdse {
namespace {

/// Puts a design back among those that may be simulated later, in its place.
void put_back(SearchRun& run, const Candidate& candidate) {
  const Objective objective = run.spec.options.objectives.front();
  const Evaluation& e = candidate.evaluation;
  if (!run.spec.options.throughput_floor.allows(objective, e.throughput)) return;
  std::vector<Candidate>& others = run.search.runners_up;
  const double own = worth(objective, e);
  const auto behind = std::find_if(others.begin(), others.end(), [&](const Candidate& other) {
    return worth(objective, other.evaluation) < own;
  });
  others.insert(behind, candidate);
}

template <class List>
bool has_point(const List& list, const Point& point) {
  return std::any_of(list.begin(), list.end(),
                     [&](const auto& each) { return each.point == point; });
}

}  // namespace

void choose_candidates(SearchRun& run) {
  std::vector<Candidate> left_out;
  const auto choose = [&](const Candidate& candidate, Objective objective) {
    auto known = std::find_if(run.candidates.begin(), run.candidates.end(),
                              [&](const Contender& c) { return c.point == candidate.point; });
    if (known == run.candidates.end()) {
      if (run.candidates.size() >= run.spec.simulations) {
        if (!has_point(left_out, candidate.point)) left_out.push_back(candidate);
        return;
      }
      try {
        run.candidates.push_back(make_contender(*run.evaluator, candidate.label, candidate.design));
      } catch (const PluginFailure& failure) {
        run.search.failed.push_back({candidate.label, failure.what()});
        return;
      }
      known = run.candidates.end() - 1;
      known->point = candidate.point;
    }
    known->chosen_for.push_back(objective);
  };
  for (std::size_t k = 0; k < run.spec.options.top_k; ++k) {
    for (std::size_t i = 0; i < run.search.best.size(); ++i) {
      if (k < run.search.best[i].size()) {
        choose(run.search.best[i][k], run.spec.options.objectives[i]);
      }
    }
  }
  if (left_out.empty()) return;
  for (const Candidate& candidate : left_out) put_back(run, candidate);
  run.warnings.push_back(fmt::format(
      "simulations: {} allows no more: {} of the top {} of {} objectives are not simulated",
      run.spec.simulations, left_out.size(), run.spec.options.top_k,
      run.spec.options.objectives.size()));
}

void add_fair_candidate(SearchRun& run) {
  if (run.baselines.empty()) return;
  const Contender& baseline = run.baselines.front();
  const Budget own{baseline.chip.area(), baseline.chip.tdp()};
  const Budget& given = run.spec.options.budget;
  if (own.area == given.area && own.power == given.power) return;
  std::optional<Candidate> best = run.search.best_within;
  LocalSearchOptions options = run.spec.options;
  options.budget = own;
  const Objective objective = options.objectives.front();
  options.objectives = {objective};
  options.top_k = 1;
  options.also_within.reset();
  options.method = SearchMethod::heuristic;
  try {
    const LocalSearchResult fair = search_locally(*run.spec.space, *run.evaluator, options);
    const Candidate& found = fair.best.front().front();
    if (!best || worth(objective, found.evaluation) > worth(objective, best->evaluation))
      best = found;
  } catch (const NegativeResult&) {
    // The space has nothing as small as the baseline; then there is no such comparison.
  }
  if (!best || has_point(run.candidates, best->point) || has_point(run.baselines, best->point)) {
    return;
  }
  if (run.candidates.size() >= run.spec.simulations) {
    run.warnings.push_back(
        fmt::format("simulations: {} allows no more: {}, the best at {}'s own area and power, is "
                    "not simulated",
                    run.spec.simulations, best->label, baseline.name));
    return;
  }
  run.candidates.push_back(make_contender(*run.evaluator, best->label, best->design));
  run.candidates.back().point = best->point;
  run.candidates.back().is_in_budget = given.allows(best->evaluation.area, best->evaluation.tdp);
}

}  // namespace simdse
