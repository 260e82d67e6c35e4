// What a step in the space promises to buy, and what can be sold for it.
#pragma once

#include <optional>
#include <set>

#include "search/local/design_book.h"

namespace simdse {

/// Two things tell what a step would save: the conflicts of the schedule (time that critical
/// operators wait only because all cores of a kind are busy) and the estimate's critical chain
/// (each region's bounds by resource, whose rates the step changes). The schedule is that of the
/// whole training step, so a conflict at a forward operator and those at its mirrors in the
/// backward pass are counted together.
class Trader {
 public:
  explicit Trader(DesignBook& book) : book_(book) {}

  /// Share of the time that `to` would save (lose, if negative) if each region of the critical
  /// chain took as long as its slowest resource, and every resource's time changed as its rate
  /// does.
  double predicted_gain(const Candidate& from, const Price& from_price, const Price& to) const;

  /// The axis whose next step promises most per share of the budget; empty if none is left.
  std::optional<std::size_t> best_purchase(const Point& at, const Candidate& from,
                                           const std::set<std::size_t>& exhausted);

  /// Steps other axes than `keep` down, each time the one that loses least of the predicted speed
  /// per share of the budget set free, until `point` is affordable. Empty if nothing is left to
  /// sell.
  std::optional<Point> sell_down(const Candidate& from, Point point, std::size_t keep);

 private:
  DesignBook& book_;
};

}  // namespace simdse
