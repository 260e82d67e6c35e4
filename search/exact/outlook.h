// What the designs of a box can be worth in a search, and where in it the most is promised.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "search/exact/box_bound.h"
#include "search/exact/share_process.h"
#include "search/local/design_book.h"

namespace simdse {

/// The bounds of boxes, read as a search's objectives, floor and budget want them.
class Outlook {
 public:
  /// Both must outlive it.
  Outlook(DesignBook& book, BoxBound& bound);

  /// Draws the corners of a cell in to what the budget allows; false if nothing of it is within.
  bool draw_in(Box& box);

  /// By objective, what no design of the box exceeds.
  std::vector<double> worths(const Box& box);

  /// What may be hoped of a design, by objective: its bounds, times the
  /// share of them that it may reach as far as the estimated designs tell (ShareProcess). No bound,
  /// but a guess that needs no estimate; near designs that are known it is close to the truth.
  std::vector<double> hope(const Point& point);
  /// The same of its throughput, whatever the objectives and the floor are.
  double hope_of_throughput(const Point& point);

  /// From `start`, the design of which most may be hoped in the first objective: by steps
  /// along all axes but dimensions, one up, one down, or one up for one down.
  Point most_hopeful(Point start);

  /// True if something worth this much would be among the best, of which the last are worth
  /// `least`.
  static bool can_matter(const std::vector<double>& worths, const std::vector<double>& least);

  /// The axis along which to halve a box: dimensions first, then the widest range.
  std::size_t widest_axis(const Box& box) const;

  /// The box of all designs with the core dimensions of `point`, drawn in; empty if none is within
  /// the budget.
  std::optional<Box> box_of(const Point& point);

  /// The design of a box whose bound in the first objective is the best, or near it: boxes are
  /// halved, the most promising first, until one is a design or `nodes` have been looked at.
  /// Empty if none of those seen is possible.
  std::optional<Point> most_promising(const Box& box, int nodes);

 private:
  bool is_affordable(const Point& corner);
  void learn();
  /// By objective, and then of the throughput.
  std::vector<double> all_hopes(const Point& point);
  /// The bounds of one design, and of its throughput.
  const std::vector<double>& bounds(const Point& point);

  DesignBook& book_;
  BoxBound& bound_;
  bool needs_energy_;  ///< some objective does
  ShareProcess shares_;
  std::map<Point, std::vector<double>> bounds_;
};

}  // namespace simdse
