// Designs of a search space drawn at random, each once.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <set>

#include "search/local/evaluator.h"
#include "search/local/local_search.h"
#include "search/local/search_space.h"

namespace simdse {

/// Equal seeds draw equal designs on every machine.
class DesignSampler {
 public:
  DesignSampler(const SearchSpace& space, const Evaluator& evaluator, const Budget& budget,
                std::uint64_t seed)
      : space_(space), evaluator_(evaluator), budget_(budget), random_(seed) {}

  /// A design whose value on every axis is drawn uniformly. What the budget does not allow, what
  /// can't be built and what was drawn before is drawn again; none if that goes on too long.
  std::optional<Point> draw();

  /// A design near `centre`: one to three of its axes are moved by one or two steps. Otherwise the
  /// same.
  std::optional<Point> draw_near(const Point& centre);

  /// A number from 0 to `count` - 1.
  std::size_t below(std::size_t count) { return random_() % count; }

  std::int64_t over_budget() const { return over_budget_; }
  /// Parameters that contradict each other, or what Chip::problem names.
  std::int64_t contradictory() const { return contradictory_; }

 private:
  template <class Draw>
  std::optional<Point> draw_allowed(Draw&& draw);

  const SearchSpace& space_;
  const Evaluator& evaluator_;
  Budget budget_;
  std::mt19937_64 random_;
  std::set<Point> drawn_;
  std::int64_t over_budget_ = 0;
  std::int64_t contradictory_ = 0;
};

}  // namespace simdse
