// Balance: from the best designs of growth, climb by neighbours.
#pragma once

#include <set>

#include "search/local/trader.h"

namespace simdse {

/// A neighbour is one step on one axis, down, or up and paid for by selling steps of other axes
/// where the budget does not allow it. The most promising neighbour is estimated first, and the
/// first that is better is taken.
class Balance {
 public:
  Balance(DesignBook& book, Trader& trader) : book_(book), trader_(trader) {}

  /// Climbs from the best design of each of the best core sizes.
  void climb(Objective objective);

 private:
  std::vector<const Candidate*> best_of_each_size(Objective objective) const;
  const Candidate* first_better(const Candidate& at, Objective objective);
  std::vector<Point> neighbours(const Candidate& at);
  /// What a neighbour would be worth by the prediction, as a factor of `at`.
  double promise(const Candidate& at, const Chip& chip, const Chip& other,
                 Objective objective) const;

  DesignBook& book_;
  Trader& trader_;
  std::set<Point> passed_by_;  ///< neighbours that promised too little
};

}  // namespace simdse
