// Bayesian optimisation of the hardware: what to evaluate next.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "search/baselines/counted_evaluator.h"
#include "search/baselines/features.h"
#include "search/baselines/linear_process.h"

namespace simdse {

/// Models the logarithm of the fitness by a Gaussian process with a linear kernel over
/// DomainFeatures, and proposes of a pool of new designs the one of greatest expected improvement.
/// First come 60 designs at random, whose means and deviations also scale the features. A pool has
/// 30 designs at random and 30 moved from the best known: of hundreds of millions of designs, none
/// drawn at random would ever lie next to the best.
class BayesianProposer {
 public:
  BayesianProposer(CountedEvaluator& counted, Random& random);

  /// A design that was not proposed before; none if none is found.
  std::optional<Point> propose();

  /// What became of a design: its fitness, 0 if the workload does not fit it.
  void learn(const Point& point, double fitness);

 private:
  struct Option {
    Point point;
    Eigen::VectorXd features;
  };

  std::optional<Option> option_at(const Point& point);
  Eigen::VectorXd scaled(const Eigen::VectorXd& features) const;
  void fit_scales();
  double target_of(double fitness);

  CountedEvaluator& counted_;
  Random& random_;
  DomainFeatures features_;
  struct Sample {
    Eigen::VectorXd features;
    double fitness;
  };
  std::vector<Sample> first_;  ///< until there are enough of them
  std::set<Point> learnt_;
  LinearProcess process_;
  Eigen::VectorXd offset_;
  Eigen::VectorXd scale_;
  bool has_scales_ = false;
  std::size_t repetitions_ = 0;  ///< designs drawn to begin with that were known already
  double target_offset_ = 0;
  double best_ = 0;   ///< fitness
  double worst_ = 0;  ///< the least fitness above 0
  Point best_point_;
};

}  // namespace simdse
