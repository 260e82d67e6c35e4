#include "cli/simulation_ladder.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "models/base/error.h"

namespace simdse {
namespace {

/// What the simulations so far say of those to come.
struct Evidence {
  std::size_t gaps = 0;
  double least = std::numeric_limits<double>::infinity();  ///< ratio of simulated to estimated
  double most = 0;                                         ///< worth
  double most_speed = 0;                                   ///< the same of throughput
  double best = 0;                                         ///< worth of the best that counts

  Evidence(const Yardstick& yardstick, const std::vector<Contender>& candidates,
           const std::vector<Contender>& baselines, double best_baseline)
      : best(best_baseline) {
    for (const std::vector<Contender>* list : {&candidates, &baselines}) {
      for (const Contender& contender : *list) {
        if (!contender.simulation) continue;
        ++gaps;
        const double ratio = yardstick.simulated(contender) / yardstick.estimated(contender);
        least = std::min(least, ratio);
        most = std::max(most, ratio);
        most_speed = std::max(most_speed, yardstick.simulated_throughput(contender) /
                                              yardstick.estimated_throughput(contender));
      }
    }
    for (const Contender& candidate : candidates) {
      best = std::max(best, yardstick.as_answer(candidate));
    }
  }

  /// Whether a design of this estimate would be the best, were its simulation as favourable as the
  /// most favourable so far.
  bool leaves_open(const Yardstick& yardstick, double worth, double samples_per_second) const {
    return gaps == 0 || (worth * most > best && yardstick.allows(samples_per_second * most_speed));
  }
};

}  // namespace

std::vector<Contender> SimulationLadder::take(const std::vector<std::size_t>& indices) {
  std::vector<Contender> taken;
  for (const std::size_t i : indices) {
    const Candidate& candidate = waiting_[i];
    try {
      taken.push_back(make_contender(evaluator_, candidate.label, candidate.design));
      taken.back().point = candidate.point;
    } catch (const PluginFailure& failure) {
      failures_.push_back(fmt::format("{} is left out: {}", candidate.label, failure.what()));
    }
  }
  for (std::size_t i = indices.size(); i-- > 0;) {
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(indices[i]));
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
  const auto evidence = [&] { return Evidence(yardstick_, candidates, baselines, best_baseline); };
  const auto open = [&](const Evidence& known) {
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      const Evaluation& e = waiting_[i].evaluation;
      if (known.leaves_open(yardstick_, worth(yardstick_.objective(), e), e.throughput)) {
        indices.push_back(i);
      }
    }
    return indices;
  };
  while (candidates.size() < most && !waiting_.empty() && may_go_on()) {
    const Evidence known = evidence();
    std::vector<std::size_t> next = open(known);
    std::size_t count = at_a_time;
    if (next.empty()) {
      if (known.gaps >= kLeastGaps) break;
      count = std::min(kLeastGaps - known.gaps, waiting_.size());
      for (std::size_t i = 0; i < count; ++i) next.push_back(i);
    }
    next.resize(std::min({next.size(), count, most - candidates.size()}));
    std::vector<Contender> taken = take(next);
    simulate(taken);
    for (Contender& contender : taken) candidates.push_back(std::move(contender));
  }
  const Evidence known = evidence();
  Decision decision;
  decision.gaps = known.gaps;
  decision.open = open(known).size();
  decision.estimated = candidates.size() + waiting_.size();
  if (known.gaps > 0) {
    decision.most_favourable = known.most - 1;
    decision.spread = known.most / known.least - 1;
  }
  double favourite = 0;
  for (const Contender& candidate : candidates) {
    decision.simulated += candidate.simulation.has_value();
    if (candidate.simulation && candidate.is_in_budget) {
      favourite = std::max(favourite, yardstick_.estimated(candidate));
    }
    if (!candidate.simulation && candidate.is_in_budget) {
      decision.missing += known.leaves_open(yardstick_, yardstick_.estimated(candidate),
                                            yardstick_.estimated_throughput(candidate));
    }
  }
  for (const Contender& candidate : candidates) {
    decision.tied += candidate.is_in_budget && candidate.simulation &&
                     yardstick_.estimated(candidate) * (1 + *decision.spread) >= favourite;
  }
  return decision;
}

}  // namespace simdse
