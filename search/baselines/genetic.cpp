#include <algorithm>

#include "search/baselines/rivals.h"

namespace simdse {
namespace {

constexpr std::size_t kPopulation = 40;
constexpr std::size_t kElite = 2;
constexpr std::size_t kNewcomers = 4;
constexpr std::size_t kTournament = 3;

struct Individual {
  Point genes;
  double fitness = 0;
};

class Evolution {
 public:
  Evolution(CountedEvaluator& counted, std::uint64_t seed) : counted_(counted), random_(seed) {}

  void run() {
    for (const Point& start : counted_.options().starts) {
      if (counted_.is_known(start)) population_.push_back({start, counted_.fitness(start)});
    }
    add_newcomers(population_, kPopulation);
    while (!counted_.is_spent() && !population_.empty()) advance();
  }

 private:
  void add_newcomers(std::vector<Individual>& population, std::size_t size) {
    while (population.size() < size && !counted_.is_spent()) {
      const std::optional<Point> genes = counted_.draw(random_);
      if (!genes) return;
      population.push_back({*genes, counted_.fitness(*genes)});
    }
  }

  void advance() {
    std::stable_sort(
        population_.begin(), population_.end(),
        [](const Individual& a, const Individual& b) { return a.fitness > b.fitness; });
    std::vector<Individual> next(
        population_.begin(),
        population_.begin() + static_cast<std::ptrdiff_t>(std::min(kElite, population_.size())));
    add_newcomers(next, kElite + kNewcomers);
    while (next.size() < kPopulation && !counted_.is_spent()) {
      const std::optional<Point> child =
          counted_.repaired(mutated(crossed(parent(), parent())), random_);
      if (child) next.push_back({*child, counted_.fitness(*child)});
    }
    population_ = std::move(next);
  }

  const Point& parent() {
    const Individual* best = nullptr;
    for (std::size_t i = 0; i < kTournament; ++i) {
      const Individual& drawn = population_[random_.below(population_.size())];
      if (best == nullptr || drawn.fitness > best->fitness) best = &drawn;
    }
    return best->genes;
  }

  Point crossed(const Point& mother, const Point& father) {
    Point child = mother;
    for (std::size_t i = 0; i < child.size(); ++i) {
      if (random_.chance(0.5)) child[i] = father[i];
    }
    return child;
  }

  Point mutated(Point genes) {
    const double rate = 1 / static_cast<double>(genes.size());
    for (std::size_t i = 0; i < genes.size(); ++i) {
      if (!random_.chance(rate)) continue;
      const std::size_t count = counted_.space().axes()[i].values.size();
      if (random_.chance(0.5)) {
        genes[i] = random_.below(count);
      } else if (random_.chance(0.5)) {
        genes[i] = std::min(genes[i] + 1, count - 1);
      } else {
        genes[i] -= std::min<std::size_t>(genes[i], 1);
      }
    }
    return genes;
  }

  CountedEvaluator& counted_;
  Random random_;
  std::vector<Individual> population_;
};

}  // namespace

void search_genetically(CountedEvaluator& counted, std::uint64_t seed) {
  Evolution(counted, seed).run();
}

}  // namespace simdse
