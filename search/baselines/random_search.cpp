#include "search/baselines/rivals.h"

namespace simdse {

void search_randomly(Oracle& oracle, std::uint64_t seed) {
  Random random(seed);
  while (!oracle.is_spent()) {
    const std::optional<Point> point = oracle.draw(random);
    if (!point) return;
    oracle.fitness(*point);
  }
}

}  // namespace simdse
