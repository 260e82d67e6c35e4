// What share of their bounds designs reach, learnt from those that were estimated.
#pragma once

#include <vector>

#include "search/local/search_space.h"

namespace simdse {

/// A Gaussian process over the points of a space (Rasmussen and Williams, Gaussian Processes for
/// Machine Learning, 2006, equations 2.25 and 2.26), about the mean of what was observed, with the
/// amplitude that makes the observations most likely. Its kernel is
///   k(x, y) = x . y + exp(-|x - y| / 6)
/// with axes from -1/2 to 1/2 in the dot product (what an axis does everywhere: a bound trusts a
/// large buffer too much, say), and steps along axes in the distance (what neighbours share).
class ShareProcess {
 public:
  explicit ShareProcess(const SearchSpace& space);

  /// `shares`: several values at once, always as many.
  void observe(const Point& point, const std::vector<double>& shares);

  std::size_t observations() const { return points_.size(); }

  /// By value: the mean and a standard deviation above it, as in the upper confidence bounds of
  /// Srinivas et al., Gaussian Process Optimization in the Bandit Setting, 2010. What is unlike all
  /// that was observed is hoped more of. 1 where nothing was observed.
  std::vector<double> hope(const Point& point, std::size_t values);

 private:
  double kernel(const Point& x, const Point& y) const;
  void solve();

  std::vector<double> scale_;  ///< per axis, of a step
  std::vector<Point> points_;
  std::vector<std::vector<double>> shares_;
  bool is_solved_ = false;
  std::vector<double> means_;                 ///< by value
  std::vector<double> factor_;                ///< the kernels' lower factor, column by column
  std::vector<double> spreads_;               ///< by value
  std::vector<std::vector<double>> weights_;  ///< by value and point
};

}  // namespace simdse
