// The tree of core dimensions, from the largest down.
#pragma once

#include <queue>
#include <set>

#include "search/exact/outlook.h"
#include "search/local/growth.h"
#include "search/local/peak_bound.h"

namespace simdse {

/// Each child has one dimension less by a step. A branch is cut when `hysteresis` levels in a row
/// bring no improvement, or when a bound proves that neither it nor anything below it can be among
/// the best.
class DimensionTree {
 public:
  /// `outlook`: bounds of the designs of a node, nullptr where there are none.
  DimensionTree(DesignBook& book, Growth& growth, const PeakBound& bound, Outlook* outlook)
      : book_(book), growth_(growth), bound_(bound), outlook_(outlook) {}

  /// Visits the tree, the most promising branch first.
  void descend();

  /// Designs that need not be looked at, whether or not the tree came near them: those whose core
  /// dimensions can't matter beside the best found, without those estimated nevertheless.
  std::int64_t count_bounded() const;

 private:
  /// A node that waits to be visited.
  struct Branch {
    double parent_score = 0;  ///< the best throughput on the way to it
    std::int64_t order = 0;
    Point start;  ///< where its growth begins
    int levels_without_gain = 0;

    /// The most promising branch first, then the older.
    friend bool operator<(const Branch& a, const Branch& b) {
      return a.parent_score != b.parent_score ? a.parent_score < b.parent_score : a.order > b.order;
    }
  };

  void visit(const Branch& branch);
  /// Visits the children of a node whose own designs can't be among the best.
  void pass(const Branch& branch, const Point& dimensions, const char* reason);
  void add_children(const Point& dimensions, const Point& grown_at, double best,
                    int levels_without_gain);
  /// Where growth of a child begins: the group whose cores have become smaller has as many as its
  /// parent grew to, every other group is half the way up its axis to that, each as far as the
  /// budget allows; of everything else the least, so that nothing is inherited that only the parent
  /// needed. Growth buys the rest.
  Point child_start(const Point& grown_at, std::size_t smaller);
  /// True if no design with these core dimensions (or smaller ones), of however many cores, can be
  /// among the best, of which the last are worth `least`: the arithmetic alone would take too long.
  bool cannot_matter(const Point& node, PeakBound::Scope scope,
                     const std::vector<double>& least) const;

  DesignBook& book_;
  Growth& growth_;
  const PeakBound& bound_;
  Outlook* outlook_;
  std::priority_queue<Branch> branches_;
  std::int64_t branch_count_ = 0;
  std::set<Point> visited_;
};

}  // namespace simdse
