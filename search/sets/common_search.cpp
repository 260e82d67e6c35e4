#include "search/sets/common_search.h"

#include <algorithm>
#include <limits>
#include <set>

#include "models/base/error.h"
#include "search/exact/design_search.h"

namespace simdse {
namespace {

class CommonSearch {
 public:
  CommonSearch(const SearchSpace& space, const std::vector<SetWorkload>& workloads,
               SetObjective objective, const std::function<void(std::int64_t)>& progress)
      : space_(space), workloads_(workloads), objective_(objective), progress_(progress) {
    for (const SetWorkload& workload : workloads) weights_.push_back(workload.weight);
  }

  CommonResult run() {
    std::vector<Point> starts;
    for (const SetWorkload& workload : workloads_) search_alone(workload, starts);
    const auto has = [](const std::optional<Candidate>& own) { return own.has_value(); };
    if (std::none_of(result_.own.begin(), result_.own.end(), has)) {
      throw NegativeResult("interrupted before a design was found");
    }
    if (!std::all_of(result_.own.begin(), result_.own.end(), has)) {
      result_.is_partial = true;
      return std::move(result_);
    }
    for (const Point& start : starts) {
      if (!best_ || !is_interrupted()) look_at(start);
    }
    if (!best_) {
      throw NegativeResult(
          "none of the designs that are best for one workload of the set suits all of them");
    }
    while (climb()) {
    }
    result_.common = std::move(best_);
    result_.is_partial = is_interrupted();
    return std::move(result_);
  }

 private:
  bool is_interrupted() const {
    const std::function<bool()>& asked = workloads_.front().options.is_interrupted;
    return asked && asked();
  }
  const Objective& objective_of(std::size_t i) const {
    return workloads_[i].options.objectives.front();
  }
  double own_worth(std::size_t i) const {
    return worth(objective_of(i), result_.own[i]->evaluation);
  }

  void search_alone(const SetWorkload& workload, std::vector<Point>& starts) {
    const std::int64_t before = result_.designs_estimated;
    LocalSearchResult found;
    try {
      found = search_designs(space_, *workload.evaluator, workload.options, [&](std::int64_t done) {
        if (progress_) progress_(before + done);
      });
    } catch (const NegativeResult&) {
      if (!is_interrupted()) throw;
      result_.own.emplace_back();
      return;
    }
    result_.designs_estimated += found.designs_estimated;
    result_.own.push_back(found.best.front().front());
    // Enough to start from a good design that is not the very best for any workload.
    constexpr std::size_t starts_each = 6;
    const std::size_t last = starts.size() + starts_each;
    for (const std::vector<Candidate>* list : {&found.best.front(), &found.runners_up}) {
      for (const Candidate& candidate : *list) {
        if (starts.size() < last) starts.push_back(candidate.point);
      }
    }
  }

  /// Estimates a point for all workloads; true if it is the best so far.
  bool look_at(const Point& point) {
    if (!seen_.insert(point).second) return false;
    std::optional<CommonDesign> design = evaluate(point);
    if (!design || (best_ && design->worth <= best_->worth * (1 + kLeastRise))) return false;
    best_ = std::move(design);
    return true;
  }

  std::optional<CommonDesign> evaluate(const Point& point) {
    CommonDesign design;
    design.point = point;
    std::vector<double> shares(workloads_.size(), 1);
    try {
      design.design = space_.design(point);
      const Chip chip = workloads_.front().evaluator->chip(design.design);
      if (!Evaluator::is_allowed(chip, workloads_.front().options.budget)) return std::nullopt;
      ++result_.designs_compared;
      if (progress_) progress_(result_.designs_estimated + result_.designs_compared);
      design.label = design.design.name = chip.label();
      for (std::size_t i = 0; i < workloads_.size(); ++i) {
        Evaluation evaluation = workloads_[i].evaluator->evaluate(chip);
        const ThroughputFloor& floor = workloads_[i].options.throughput_floor;
        if (!floor.allows(objective_of(i), evaluation.throughput)) return std::nullopt;
        const double value = worth(objective_of(i), evaluation);
        if (value > own_worth(i)) {
          // What is best for the set may be better for one of it than its own search found.
          result_.own[i] = Candidate{point, design.design, design.label, evaluation};
          if (best_) settle();
        }
        design.evaluations.push_back(std::move(evaluation));
        for (std::size_t k = 0; k <= i; ++k) {
          shares[k] = worth(objective_of(k), design.evaluations[k]) / own_worth(k);
        }
        if (best_ && set_worth(objective_, shares, weights_) <= best_->worth) return std::nullopt;
      }
    } catch (const InputError&) {
      return std::nullopt;  // contradictory, too small for some workload, or a plug-in that failed
    }
    design.worth = set_worth(objective_, shares, weights_);
    design.shares = std::move(shares);
    return design;
  }

  /// True if a neighbour of the best is better: the first one found is the best then.
  bool climb() {
    if (is_interrupted()) return false;
    const Point at = best_->point;
    for (std::size_t i = 0; i < at.size(); ++i) {
      for (const int step : {1, -1}) {
        Point neighbour = at;
        if (!move(neighbour, i, step)) continue;
        if (look_at(neighbour)) return true;
        for (std::size_t j = 0; j < at.size(); ++j) {
          Point exchange = neighbour;
          if (j == i || step < 0 || !move(exchange, j, -1)) continue;
          if (look_at(exchange)) return true;
        }
      }
    }
    return false;
  }

  bool move(Point& point, std::size_t axis, int step) const {
    if (step < 0 && point[axis] == 0) return false;
    if (step > 0 && point[axis] + 1 == space_.axes()[axis].values.size()) return false;
    point[axis] += static_cast<std::size_t>(step);
    return true;
  }

  /// Shares of what the workloads' own best are by now.
  void settle() {
    for (std::size_t i = 0; i < workloads_.size(); ++i) {
      best_->shares[i] = worth(objective_of(i), best_->evaluations[i]) / own_worth(i);
    }
    best_->worth = set_worth(objective_, best_->shares, weights_);
  }

  static constexpr double kLeastRise = 1e-4;

  const SearchSpace& space_;
  const std::vector<SetWorkload>& workloads_;
  SetObjective objective_;
  const std::function<void(std::int64_t)>& progress_;
  std::vector<double> weights_;
  std::set<Point> seen_;
  std::optional<CommonDesign> best_;
  CommonResult result_;
};

}  // namespace

CommonResult search_common(const SearchSpace& space, const std::vector<SetWorkload>& workloads,
                           SetObjective objective,
                           const std::function<void(std::int64_t)>& progress) {
  return CommonSearch(space, workloads, objective, progress).run();
}

}  // namespace simdse
