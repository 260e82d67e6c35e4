// Why a design is as fast as it is, by re-estimation.
#pragma once

#include <string>
#include <vector>

#include "search/local/evaluator.h"
#include "search/local/objective.h"
#include "search/local/search_space.h"

namespace simdse {

/// One difference between two designs, and what it is worth.
struct Contribution {
  std::string change;  ///< "cores.0.count 2 -> 3"
  double factor = 1;   ///< of the objective's worth, on top of the changes before it
};

/// The way from one design to another, the most worthwhile change first. The factors multiply to
/// the ratio of the estimated worths; intermediate designs may be over any budget. A change
/// after which the workload does not fit the memory is left for later. What is left at the end
/// (changes that only work together, and what lies off the space's axes) is one factor of its own,
/// "other differences". Throws InputError when the workload does not fit one of the two.
std::vector<Contribution> explain_difference(const SearchSpace& space, const Evaluator& evaluator,
                                             const Design& from, const Design& to,
                                             Objective objective);

/// What one step more on an axis would bring and cost.
struct Purchase {
  std::string path;
  std::string value;
  double gain = 0;  ///< share of the objective's worth
  Area area;
  Watts tdp;
};

/// Every step up that the space has from `point`, best gain first.
std::vector<Purchase> price_purchases(const SearchSpace& space, const Evaluator& evaluator,
                                      const Point& point, Objective objective);

/// Paths of the axes along which the estimated worth of `point` stays what it is from the lowest
/// value to the highest: either they don't matter to this design, or the estimate does not see
/// them.
std::vector<std::string> unmoving_axes(const SearchSpace& space, const Evaluator& evaluator,
                                       const Point& point, Objective objective);

}  // namespace simdse
