#include "search/baselines/rivals.h"

namespace simdse {

void search_randomly(CountedEvaluator& counted, std::uint64_t seed) {
  Random random(seed);
  while (!counted.is_spent()) {
    const std::optional<Point> point = counted.draw(random);
    if (!point) return;
    counted.fitness(*point);
  }
}

}  // namespace simdse
