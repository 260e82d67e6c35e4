#include <algorithm>

#include "search/baselines/bayesian_proposer.h"
#include "search/baselines/rivals.h"

namespace simdse {

void search_by_bayes(CountedEvaluator& counted, std::uint64_t seed) {
  Random random(seed);
  BayesianProposer proposer(counted, random);
  while (const std::optional<Point> point = proposer.propose()) {
    proposer.learn(*point, counted.fitness(*point));
  }
}

void search_nested(CountedEvaluator& counted, std::uint64_t seed) {
  constexpr int inner_samples = 4;
  Random random(seed);
  BayesianProposer hardware(counted, random);
  while (const std::optional<Point> point = hardware.propose()) {
    double best = counted.fitness(*point);
    // A workload that does not fit won't for being mapped in another way.
    for (int i = 1; i < inner_samples && best > 0 && !counted.is_spent(); ++i) {
      best = std::max(best, counted.fitness(*point, random.bits()));
    }
    hardware.learn(*point, best);
  }
}

}  // namespace simdse
