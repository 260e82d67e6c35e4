#include "search/local/design_sampler.h"

#include <algorithm>

#include "models/base/error.h"

namespace simdse {

template <class Draw>
std::optional<Point> DesignSampler::draw_allowed(Draw&& draw) {
  constexpr int max_attempts = 20000;
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    const Point point = draw();
    if (!drawn_.insert(point).second) continue;
    try {
      const Chip chip = evaluator_.chip(space_.design(point));
      if (Evaluator::is_allowed(chip, budget_)) return point;
      ++(chip.problem().empty() ? over_budget_ : contradictory_);
    } catch (const InputError&) {
      ++contradictory_;
    }
  }
  return std::nullopt;
}

std::optional<Point> DesignSampler::draw() {
  return draw_allowed([this] {
    Point point;
    for (const Axis& axis : space_.axes()) point.push_back(below(axis.values.size()));
    return point;
  });
}

std::optional<Point> DesignSampler::draw_near(const Point& centre) {
  constexpr std::size_t most_axes = 3;
  constexpr std::size_t most_steps = 2;
  return draw_allowed([&] {
    Point point = centre;
    for (std::size_t moves = 1 + below(most_axes); moves > 0; --moves) {
      const std::size_t axis = below(point.size());
      const std::size_t last = space_.axes()[axis].values.size() - 1;
      const std::size_t steps = 1 + below(most_steps);
      const bool is_up = below(2) == 1;
      if (is_up) {
        point[axis] = std::min(last, point[axis] + steps);
      } else {
        point[axis] -= std::min(point[axis], steps);
      }
    }
    return point;
  });
}

}  // namespace simdse
