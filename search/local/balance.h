// Balance: from the best designs of growth, climb by neighbours.
#pragma once

#include <set>

#include "search/exact/outlook.h"
#include "search/local/trader.h"

namespace simdse {

/// A neighbour is one step on one axis, down, or up and paid for by selling steps of other axes
/// where the budget does not allow it; along an axis that no rate depends on, any step. The most
/// promising neighbour is estimated first, and the first that is better is taken.
class Balance {
 public:
  /// `outlook`: bounds of designs, nullptr where there are none.
  Balance(DesignBook& book, Trader& trader, Outlook* outlook)
      : book_(book), trader_(trader), outlook_(outlook) {}

  /// Climbs from the best design of each of the best core sizes.
  void climb(Objective objective);

 private:
  std::vector<const Candidate*> best_of_each_size(Objective objective) const;
  const Candidate* first_better(const Candidate& at, Objective objective);
  std::vector<Point> neighbours(const Candidate& at);
  /// A step up that is over the budget, paid for by one other axis alone: what is missed least by
  /// the prediction is not always what is missed least.
  void add_exchanges(const Point& up, std::size_t axis, std::vector<Point>& result);
  /// Every value of an axis that no rate depends on (the buffer's capacity, say): what it is worth
  /// can't be predicted from one step.
  void add_leaps(const Candidate& at, std::size_t axis, std::vector<Point>& result);
  /// True if the bound of a design leaves it a chance to be worth more than `value`.
  bool may_exceed(const Point& point, Objective objective, double value);
  /// What a neighbour would be worth by the prediction, as a factor of `at`.
  double promise(const Candidate& at, const Chip& chip, const Chip& other,
                 Objective objective) const;

  DesignBook& book_;
  Trader& trader_;
  Outlook* outlook_;
  std::set<Point> passed_by_;  ///< neighbours that promised too little
};

}  // namespace simdse
