#include "search/baselines/counted_evaluator.h"

#include <algorithm>
#include <cmath>

#include "models/base/error.h"

namespace simdse {
namespace {

constexpr std::int64_t kMostQuestionsWithoutNews = 20000;

}  // namespace

CountedEvaluator::CountedEvaluator(const SearchSpace& space, Evaluator& evaluator,
                                   CountedEvaluatorOptions options, Convergence::CpuClock clock)
    : space_(space),
      evaluator_(evaluator),
      options_(std::move(options)),
      convergence_(options_.objective, options_.throughput_floor, std::move(clock)) {
  evaluator_.observe(convergence_.observer());
}

std::optional<Chip> CountedEvaluator::chip(const Point& point) {
  ++questions_without_news_;
  return price(point);
}

std::optional<Area> CountedEvaluator::area(const Point& point) {
  const std::optional<Chip> chip = price(point);
  return chip ? std::optional<Area>(chip->area()) : std::nullopt;
}

std::optional<Chip> CountedEvaluator::price(const Point& point) {
  ++priced_;
  try {
    Chip chip = evaluator_.chip(space_.design(point));
    if (Evaluator::is_allowed(chip, options_.budget)) return chip;
  } catch (const InputError&) {
    // Parameters that contradict each other make no design; nor does a plug-in's failure.
  }
  return std::nullopt;
}

double CountedEvaluator::fitness(const Point& point, std::optional<std::uint64_t> option_sample) {
  const auto known = known_.find({point, option_sample});
  if (known != known_.end()) {
    ++questions_without_news_;
    return known->second;
  }
  if (is_spent()) return 0;
  const std::optional<Chip> chip = this->chip(point);
  if (!chip) return 0;
  questions_without_news_ = 0;
  return known_[{point, option_sample}] = evaluate(*chip, option_sample);
}

double CountedEvaluator::evaluate(const Chip& chip, std::optional<std::uint64_t> option_sample) {
  try {
    const Evaluation evaluation = evaluator_.evaluate(chip, option_sample);
    const double found = worth(options_.objective, evaluation);
    const ThroughputFloor& floor = options_.throughput_floor;
    if (floor.allows(options_.objective, evaluation.throughput)) return found;
    // Below the floor: a slope that leads up to it.
    return found * std::pow(evaluation.throughput / floor.samples_per_second, 4);
  } catch (const InputError&) {
    return 0;  // does not fit, or a plug-in failed
  }
}

std::optional<Point> CountedEvaluator::draw(Random& random) {
  constexpr int most_attempts = 20000;
  for (int attempt = 0; attempt < most_attempts && !is_spent(); ++attempt) {
    Point point;
    for (const Axis& axis : space_.axes()) point.push_back(random.below(axis.values.size()));
    if (chip(point)) return point;
  }
  return std::nullopt;
}

std::optional<Point> CountedEvaluator::repaired(Point point, Random& random) {
  while (!is_spent()) {
    if (chip(point)) return point;
    std::vector<std::size_t> high;
    for (std::size_t i = 0; i < point.size(); ++i) {
      if (point[i] > 0) high.push_back(i);
    }
    if (high.empty()) return std::nullopt;
    --point[high[random.below(high.size())]];
  }
  return std::nullopt;
}

Point CountedEvaluator::moved(Point point, Random& random) const {
  constexpr double two_axes = 0.3;
  constexpr double one_step = 0.75;
  for (int moves = random.chance(two_axes) ? 2 : 1; moves > 0; --moves) {
    const std::size_t i = random.below(point.size());
    const std::size_t count = space_.axes()[i].values.size();
    if (!random.chance(one_step)) {
      point[i] = random.below(count);
    } else if (random.chance(0.5)) {
      point[i] = std::min(point[i] + 1, count - 1);
    } else {
      point[i] -= std::min<std::size_t>(point[i], 1);
    }
  }
  return point;
}

bool CountedEvaluator::is_spent() const {
  if (!was_interrupted_ && options_.is_interrupted) was_interrupted_ = options_.is_interrupted();
  return was_interrupted_ || convergence_.evaluations() >= options_.limits.evaluations ||
         convergence_.cost_calls() >= options_.limits.cost_calls ||
         questions_without_news_ >= kMostQuestionsWithoutNews;
}

double CountedEvaluator::share_spent() const {
  const double evaluations = static_cast<double>(convergence_.evaluations()) /
                             static_cast<double>(options_.limits.evaluations);
  const double cost_calls = static_cast<double>(convergence_.cost_calls()) /
                            static_cast<double>(options_.limits.cost_calls);
  return std::min(1.0, std::max(evaluations, cost_calls));
}

}  // namespace simdse
