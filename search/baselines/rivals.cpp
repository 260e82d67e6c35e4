#include "search/baselines/rivals.h"

namespace simdse {

const std::vector<Rival>& rivals() {
  static const std::vector<Rival> all = {
      {"random", "designs drawn uniformly", true, search_randomly},
      {"genetic", "genetic algorithm", true, search_genetically},
      {"annealing", "simulated annealing", true, search_by_annealing},
      {"bayes", "Bayesian optimisation, linear kernel on domain features", true, search_by_bayes},
      {"nested", "Spotlight's: Bayesian over hardware, sampled over mappings", true, search_nested},
      {"phaze", "Phaze's: buckets of area from the largest down", false, sweep_area_buckets},
  };
  return all;
}

const Rival* find_rival(const std::string& name) {
  for (const Rival& rival : rivals()) {
    if (name == rival.name) return &rival;
  }
  return nullptr;
}

void run_rival(const Rival& rival, CountedEvaluator& counted, std::uint64_t seed) {
  for (const Point& start : counted.options().starts) counted.fitness(start);
  if (!counted.is_spent()) rival.search(counted, seed);
}

}  // namespace simdse
