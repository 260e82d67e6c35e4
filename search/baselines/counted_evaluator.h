// What a rival of the local search may ask.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "search/baselines/convergence.h"
#include "search/baselines/random_source.h"
#include "search/local/search_space.h"

namespace simdse {

/// When a rival has to stop. Never after a time: its answer must not depend on the machine.
struct EvaluationLimits {
  std::int64_t evaluations = std::numeric_limits<std::int64_t>::max();
  std::int64_t cost_calls = std::numeric_limits<std::int64_t>::max();  ///< layer-cost calls
};

struct CountedEvaluatorOptions {
  Budget budget;
  Objective objective = Objective::throughput;
  ThroughputFloor throughput_floor;
  EvaluationLimits limits;
  /// Designs of the space that everyone is given to begin with, e.g. the baseline.
  std::vector<Point> starts;
  /// Asked before every evaluation: true ends the search early.
  std::function<bool()> is_interrupted;
};

/// Evaluates points of a search space within the budget. Area and power of any point are for the
/// asking, as they are for the local search; an estimate counts as an evaluation the first time
/// that it is asked for, whether or not the workload fits the design.
class CountedEvaluator {
 public:
  /// Takes over the evaluator's observer. All references must outlive the counted.
  CountedEvaluator(const SearchSpace& space, Evaluator& evaluator, CountedEvaluatorOptions options,
                   Convergence::CpuClock clock = cpu_seconds);
  CountedEvaluator(const CountedEvaluator&) = delete;
  CountedEvaluator& operator=(const CountedEvaluator&) = delete;

  const SearchSpace& space() const { return space_; }
  const TaskGraph& tasks() const { return evaluator_.tasks(); }
  const CountedEvaluatorOptions& options() const { return options_; }

  /// The chip at a point, or nothing if it can't be built within the budget.
  std::optional<Chip> chip(const Point& point);

  /// The area of such a chip. For methods that sort the space before they begin: does not count
  /// for is_spent().
  std::optional<Area> area(const Point& point);

  /// What the search is to maximise: the objective's worth; less than that, the further a design
  /// stays below the floor; 0 for a design that is not allowed or that the
  /// workload does not fit, and for a new one when is_spent(). Points are remembered. With an
  /// `option_sample`, of the plan that is made with this part of the options (see
  /// Evaluator::evaluate), which is another evaluation.
  double fitness(const Point& point, std::optional<std::uint64_t> option_sample = {});

  /// Whether fitness() remembers the point.
  bool is_known(const Point& point) const { return known_.count({point, {}}) > 0; }

  /// A point drawn uniformly of those allowed; none if that goes on too long.
  std::optional<Point> draw(Random& random);

  /// The point itself if it is allowed, else one that is after steps down on axes drawn at random;
  /// none if there is none on the way to the least of everything.
  std::optional<Point> repaired(Point point, Random& random);

  /// One axis (or with 30 % probability two) of `point` moved, by one step up or down in 3 of 4
  /// cases, else anywhere.
  Point moved(Point point, Random& random) const;

  /// True when a limit is reached, the search was interrupted, or 20,000 questions in a row were
  /// about nothing new: then there is nothing left to find, or the rival goes round in circles.
  bool is_spent() const;
  bool is_interrupted() const { return was_interrupted_; }
  /// Share of the evaluations allowed that have been made, of 0 to 1.
  double share_spent() const;

  const Convergence& convergence() const { return convergence_; }
  /// Points that were looked at for area and power.
  std::int64_t priced() const { return priced_; }

 private:
  std::optional<Chip> price(const Point& point);
  double evaluate(const Chip& chip, std::optional<std::uint64_t> option_sample);

  const SearchSpace& space_;
  Evaluator& evaluator_;
  CountedEvaluatorOptions options_;
  Convergence convergence_;
  std::map<std::pair<Point, std::optional<std::uint64_t>>, double> known_;
  std::int64_t priced_ = 0;
  std::int64_t questions_without_news_ = 0;
  mutable bool was_interrupted_ = false;
};

}  // namespace simdse
