// A Gaussian process with a linear kernel.
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>

namespace simdse {

/// y(x) = w . x + noise, weights w drawn from N(0, s I): the Gaussian process of kernel s x . x'.
/// Its posterior is that of Bayesian linear regression (Rasmussen and Williams, Gaussian Processes
/// for Machine Learning, 2006, equations 2.8 to 2.12), which costs d^3 instead of n^3 for n
/// observations of d features. The ratio of the noise's variance to s is given; the noise's
/// variance is the mean square of the residuals.
class LinearProcess {
 public:
  LinearProcess(Eigen::Index features, double noise_ratio);

  void observe(const Eigen::VectorXd& x, double y);

  struct Prediction {
    double mean = 0;
    double deviation = 0;  ///< of a new observation: of the weights, and noise
  };
  Prediction predict(const Eigen::VectorXd& x) const;

  /// Variance of the noise; at least 1e-12.
  double noise() const;

 private:
  void solve() const;

  Eigen::MatrixXd moments_;  ///< sum of x x', plus the prior's share
  Eigen::VectorXd targets_;  ///< sum of y x
  double squares_ = 0;       ///< sum of y y
  double noise_ratio_;
  Eigen::Index observations_ = 0;
  mutable bool is_solved_ = false;
  mutable Eigen::LLT<Eigen::MatrixXd> factor_;
  mutable Eigen::VectorXd weights_;
};

/// How much more than `best` a normally distributed value is expected to bring (Jones et al.,
/// Efficient Global Optimization, 1998, equation 15).
double expected_improvement(const LinearProcess::Prediction& prediction, double best);

}  // namespace simdse
