#include "cli/simulation_ladder.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "models/base/error.h"

namespace simdse {
namespace {

/// Ratios of simulated to estimated worth.
struct Ratios {
  double least = std::numeric_limits<double>::infinity();
  double most = 0;

  bool is_known() const { return most > 0; }
};

Ratios ratios_of(Objective objective, const TrainingSetup& setup,
                 const std::vector<Contender>& candidates,
                 const std::vector<Contender>& baselines) {
  Ratios ratios;
  for (const std::vector<Contender>* list : {&candidates, &baselines}) {
    for (const Contender& contender : *list) {
      if (!contender.simulation) continue;
      const double ratio = simulated_worth(objective, setup, contender) /
                           estimated_worth(objective, setup, contender);
      ratios.least = std::min(ratios.least, ratio);
      ratios.most = std::max(ratios.most, ratio);
    }
  }
  return ratios;
}

}  // namespace

std::size_t SimulationLadder::count_open(const std::vector<Contender>& candidates,
                                         const std::vector<Contender>& baselines,
                                         double best_baseline, std::size_t next) const {
  const Ratios ratios = ratios_of(objective_, setup_, candidates, baselines);
  if (!ratios.is_known()) return waiting_.size() - next;
  double best = best_baseline;
  for (const Contender& candidate : candidates) {
    if (candidate.is_in_budget)
      best = std::max(best, simulated_worth(objective_, setup_, candidate));
  }
  std::size_t end = next;
  while (end < waiting_.size() &&
         worth(objective_, waiting_[end].evaluation) * ratios.most > best) {
    ++end;
  }
  return end - next;
}

std::vector<Contender> SimulationLadder::take(std::size_t next, std::size_t count) {
  std::vector<Contender> taken;
  for (std::size_t i = next; i < next + count; ++i) {
    const Candidate& candidate = waiting_[i];
    try {
      taken.push_back(make_contender(evaluator_, setup_, candidate.label, candidate.design));
      taken.back().point = candidate.point;
    } catch (const PluginFailure& failure) {
      failures_.push_back(fmt::format("{} is left out: {}", candidate.label, failure.what()));
    }
  }
  return taken;
}

Decision SimulationLadder::climb_down(std::vector<Contender>& candidates,
                                      const std::vector<Contender>& baselines, double best_baseline,
                                      std::size_t most,
                                      const std::function<void(std::vector<Contender>&)>& simulate,
                                      const std::function<bool()>& may_go_on) {
  // As many as simulate well side by side, and few enough not to overshoot by much.
  constexpr std::size_t at_a_time = 4;
  std::size_t next = 0;
  std::size_t open = count_open(candidates, baselines, best_baseline, next);
  while (open > 0 && candidates.size() < most && may_go_on()) {
    const std::size_t count = std::min({at_a_time, open, most - candidates.size()});
    std::vector<Contender> taken = take(next, count);
    next += count;
    simulate(taken);
    for (Contender& contender : taken) candidates.push_back(std::move(contender));
    open = count_open(candidates, baselines, best_baseline, next);
  }
  Decision decision;
  decision.open = open;
  decision.estimated = candidates.size() + waiting_.size() - next;
  const Ratios ratios = ratios_of(objective_, setup_, candidates, baselines);
  if (ratios.is_known()) {
    decision.most_favourable = ratios.most - 1;
    decision.spread = ratios.most / ratios.least - 1;
  }
  double favourite = 0;
  for (const Contender& candidate : candidates) {
    decision.simulated += candidate.simulation.has_value();
    if (candidate.is_in_budget && candidate.simulation) {
      favourite = std::max(favourite, estimated_worth(objective_, setup_, candidate));
    }
  }
  for (const Contender& candidate : candidates) {
    const double estimated = estimated_worth(objective_, setup_, candidate);
    decision.tied += candidate.is_in_budget && candidate.simulation &&
                     estimated * (1 + decision.spread) >= favourite;
  }
  return decision;
}

}  // namespace simdse
