#include <algorithm>
#include <cmath>

#include "search/baselines/rivals.h"

namespace simdse {
namespace {

constexpr int kRounds = 4;
constexpr double kHottest = 0.1;
constexpr double kColdest = 1e-3;
/// Moves in a row to designs that are known or not allowed: the round is stuck.
constexpr int kStuck = 400;

/// One round, until its share of the evaluations is spent or it is stuck.
void anneal(CountedEvaluator& counted, Random& random, Point at, double begin, double end) {
  double fitness = counted.fitness(at);
  int moves_without_news = 0;
  while (!counted.is_spent() && counted.share_spent() < end && moves_without_news < kStuck) {
    const double progress = (counted.share_spent() - begin) / (end - begin);
    const double temperature =
        kHottest * std::pow(kColdest / kHottest, std::clamp(progress, 0.0, 1.0));
    const Point next = counted.moved(at, random);
    const std::int64_t before = counted.convergence().evaluations();
    const double found = counted.fitness(next);
    moves_without_news = counted.convergence().evaluations() > before ? 0 : moves_without_news + 1;
    if (found <= 0) continue;
    const bool is_better = found >= fitness;
    if (!is_better && !random.chance(std::exp((found / fitness - 1) / temperature))) continue;
    at = next;
    fitness = found;
  }
}

}  // namespace

void search_by_annealing(CountedEvaluator& counted, std::uint64_t seed) {
  Random random(seed);
  bool is_first = true;
  while (!counted.is_spent()) {
    const double begin = counted.share_spent();
    const double end = (std::floor(begin * kRounds + 1e-9) + 1) / kRounds;
    std::optional<Point> from;
    if (is_first && !counted.options().starts.empty()) from = counted.options().starts.front();
    if (!from || counted.fitness(*from) <= 0) from = counted.draw(random);
    is_first = false;
    if (!from) return;
    if (counted.fitness(*from) > 0) anneal(counted, random, *from, begin, end);
  }
}

}  // namespace simdse
