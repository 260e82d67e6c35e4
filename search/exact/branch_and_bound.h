// Exact search: best-first branch and bound over boxes of designs.
#pragma once

#include <functional>
#include <queue>

#include "search/exact/outlook.h"

namespace simdse {

/// Boxes wait in the order of what they can be worth, the most first. A box
///   - is first drawn in to what its budget allows, corner by corner (cost is ordered along axes);
///   - is cut when no objective's bound is above what the last of the best designs found is worth;
///   - is estimated if it is a design;
///   - else is halved along the axis with the widest range, dimensions first.
/// Every box that is cut is logged, with its bound: what is logged and what is estimated partition
/// the space.
///
/// Throughput, throughput/TDP, energy and energy-delay product are all bounded, see BoxFigures.
class BranchAndBound {
 public:
  /// `book` may know designs already, from which the search profits.
  BranchAndBound(DesignBook& book, BoxBound& bound, const SearchLimits& limits);

  /// Searches until nothing is left that could be better, or a limit is reached.
  Certificate run();

  /// Designs that no one looked at and that a bound proves to be none of the best.
  std::int64_t bounded() const;

  /// Once it has ended, how many of the others are over the budget and can't be built.
  std::int64_t over_budget() const { return static_cast<std::int64_t>(over_budget_); }
  std::int64_t impossible() const { return impossible_; }

  /// The same bounds without any search: halves boxes until `nodes` are looked at, and estimates
  /// none. What is left open tells how far from the best the designs in the book can be.
  Certificate bound_only(std::int64_t nodes);

 private:
  struct Node {
    double promise = 0;  ///< the largest of the worths, each in units of what was found at first
    std::int64_t order = 0;
    Box box;
    std::vector<double> worths;  ///< by objective, at most

    /// The most promising first, then the older.
    friend bool operator<(const Node& a, const Node& b) {
      return a.promise != b.promise ? a.promise < b.promise : a.order > b.order;
    }
  };

  Certificate search(std::int64_t nodes, std::int64_t evaluations, bool may_estimate);
  void add(Box box);
  void look_at(const Node& node, bool may_estimate);
  void branch(const Node& node);
  /// Logs a box of which nothing more will be known.
  void leave(const Node& node, const char* verdict, const char* reason);
  /// Leaves a box that can't matter.
  void cut(const Node& node);
  void update_least();

  DesignBook& book_;
  Outlook outlook_;
  SearchLimits limits_;
  std::priority_queue<Node> open_;
  std::vector<double> least_;  ///< what the last of the best is worth, by objective
  std::vector<double> scale_;  ///< the same at the start
  double cut_ = 0;  ///< designs of the boxes that were cut, but for those estimated before
  double over_budget_ = 0;
  std::int64_t impossible_ = 0;
  std::int64_t nodes_ = 0;
  std::int64_t order_ = 0;
  std::vector<double> open_worths_;  ///< the most that a design not estimated can be worth
};

/// Estimates every design within the budget.
void search_exhaustively(DesignBook& book);

}  // namespace simdse
