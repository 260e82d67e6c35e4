// Balance: from the best designs of growth, climb by neighbours.
#pragma once

#include <map>
#include <set>

#include "search/exact/outlook.h"
#include "search/local/trader.h"

namespace simdse {

/// A neighbour is one step on one axis, down, or up and paid for by selling steps of other axes
/// where the budget does not allow it; with bounds, also one step up and one down; along an axis
/// that no rate depends on, any step. Of the neighbours of the best designs, the one of which most
/// may be hoped is estimated first.
class Balance {
 public:
  /// `outlook`: bounds of designs, nullptr where there are none.
  Balance(DesignBook& book, Trader& trader, Outlook* outlook)
      : book_(book), trader_(trader), outlook_(outlook) {}

  /// Climbs from the best designs known, until none of their neighbours may be hoped to be
  /// better.
  void climb(Objective objective);

 private:
  /// A neighbour that was not estimated yet.
  struct Neighbour {
    Point of;
    double promised = 0;  ///< what it would be worth by the prediction
  };

  /// Estimates leaps from a design, and, of those of which nearly as much may be hoped, pairs: no
  /// bound tells what either is worth.
  void scout(const Candidate& at, Objective objective);
  /// The best of those near the top whose neighbours are not known yet, or nullptr.
  const Candidate* next_to_expand(Objective objective, const std::set<Point>& expanded) const;
  void add_neighbours(const Candidate& at, Objective objective, std::map<Point, Neighbour>& open);
  /// Estimates the one of which most may be hoped. False if none may be among the best, or if it is
  /// the best.
  bool try_most_hopeful(Objective objective, std::map<Point, Neighbour>& open);
  /// By Outlook::hope, or else by the prediction.
  double hope(const Point& point, const Neighbour& neighbour, Objective objective);
  std::vector<Point> neighbours(const Candidate& at);
  /// A step up that is over the budget, paid for by one other axis alone: what is missed least by
  /// the prediction is not always what is missed least.
  void add_exchanges(const Point& up, std::size_t axis, std::vector<Point>& result);
  /// Every value of an axis that no rate depends on (the buffer's capacity, say): what it is worth
  /// can't be predicted from one step.
  void add_leaps(const Candidate& at, std::size_t axis, std::vector<Point>& result);
  /// Designs with as many vector cores as tensor cores, which then wait for none but their own; one
  /// that is over the budget is paid for by one other axis, and another also if that is a step.
  std::vector<Point> pairs(const Candidate& at);
  /// What a neighbour would be worth by the prediction, as a factor of `at`.
  double promise(const Candidate& at, const Price& price, const Price& other,
                 Objective objective) const;

  DesignBook& book_;
  Trader& trader_;
  Outlook* outlook_;
  std::set<Point> passed_by_;  ///< neighbours that promised too little
};

}  // namespace simdse
