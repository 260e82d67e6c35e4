#include "search/baselines/linear_process.h"

#include <algorithm>
#include <cmath>

namespace simdse {

LinearProcess::LinearProcess(Eigen::Index features, double noise_ratio)
    : moments_(Eigen::MatrixXd::Identity(features, features) * noise_ratio),
      targets_(Eigen::VectorXd::Zero(features)),
      noise_ratio_(noise_ratio) {}

void LinearProcess::observe(const Eigen::VectorXd& x, double y) {
  moments_.noalias() += x * x.transpose();
  targets_ += y * x;
  squares_ += y * y;
  ++observations_;
  is_solved_ = false;
}

void LinearProcess::solve() const {
  if (is_solved_) return;
  factor_.compute(moments_);
  weights_ = factor_.solve(targets_);
  is_solved_ = true;
}

double LinearProcess::noise() const {
  constexpr double least = 1e-12;
  if (observations_ == 0) return 1;
  solve();
  // |y - X w|^2, with the prior's share of the moments taken out again.
  const double fitted = weights_.dot(moments_ * weights_) - noise_ratio_ * weights_.squaredNorm();
  const double residual = squares_ - 2 * weights_.dot(targets_) + fitted;
  return std::max(least, residual / static_cast<double>(observations_));
}

LinearProcess::Prediction LinearProcess::predict(const Eigen::VectorXd& x) const {
  solve();
  const double spread = 1 + x.dot(factor_.solve(x));
  return {weights_.dot(x), std::sqrt(noise() * spread)};
}

double expected_improvement(const LinearProcess::Prediction& prediction, double best) {
  const double gain = prediction.mean - best;
  if (prediction.deviation <= 0) return std::max(0.0, gain);
  const double z = gain / prediction.deviation;
  constexpr double root_of_half = 0.70710678118654752440;
  constexpr double density_at_0 = 0.39894228040143267794;
  const double below = 0.5 * std::erfc(-z * root_of_half);
  return gain * below + prediction.deviation * density_at_0 * std::exp(-z * z / 2);
}

}  // namespace simdse
