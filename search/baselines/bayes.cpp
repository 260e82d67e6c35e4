#include <algorithm>

#include "search/baselines/bayesian_proposer.h"
#include "search/baselines/rivals.h"

namespace simdse {

void search_by_bayes(Oracle& oracle, std::uint64_t seed) {
  Random random(seed);
  BayesianProposer proposer(oracle, random);
  while (const std::optional<Point> point = proposer.propose()) {
    proposer.learn(*point, oracle.fitness(*point));
  }
}

void search_nested(Oracle& oracle, std::uint64_t seed) {
  constexpr int inner_samples = 4;
  Random random(seed);
  BayesianProposer hardware(oracle, random);
  while (const std::optional<Point> point = hardware.propose()) {
    double best = oracle.fitness(*point);
    // A workload that does not fit won't for being mapped in another way.
    for (int i = 1; i < inner_samples && best > 0 && !oracle.is_spent(); ++i) {
      best = std::max(best, oracle.fitness(*point, random.bits()));
    }
    hardware.learn(*point, best);
  }
}

}  // namespace simdse
