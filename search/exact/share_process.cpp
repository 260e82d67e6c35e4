#include "search/exact/share_process.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace simdse {
namespace {

/// Steps over which what designs have in common fades to 1/e.
constexpr double kReach = 6;
/// The variance by which neighbours differ for reasons of their own, in units of the kernel's; also
/// keeps equal points from making it singular.
constexpr double kNoise = 1e-2;

}  // namespace

ShareProcess::ShareProcess(const SearchSpace& space) {
  for (const Axis& axis : space.axes()) {
    const auto steps = static_cast<double>(axis.values.size() - 1);
    scale_.push_back(steps > 0 ? 1 / steps : 0);
  }
}

void ShareProcess::observe(const Point& point, const std::vector<double>& shares) {
  points_.push_back(point);
  shares_.push_back(shares);
  is_solved_ = false;
}

double ShareProcess::kernel(const Point& x, const Point& y) const {
  double product = 0;
  double distance = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto a = static_cast<double>(x[i]);
    const auto b = static_cast<double>(y[i]);
    product += (a * scale_[i] - 0.5) * (b * scale_[i] - 0.5);
    distance += std::abs(a - b);
  }
  return product + std::exp(-distance / kReach);
}

void ShareProcess::solve() {
  if (is_solved_) return;
  is_solved_ = true;
  const auto count = static_cast<Eigen::Index>(points_.size());
  Eigen::MatrixXd kernels(count, count);
  Eigen::MatrixXd values(count, static_cast<Eigen::Index>(shares_.front().size()));
  for (Eigen::Index i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    for (Eigen::Index j = 0; j <= i; ++j) {
      kernels(i, j) = kernels(j, i) = kernel(points_[at], points_[static_cast<std::size_t>(j)]);
    }
    kernels(i, i) += kNoise;
    for (Eigen::Index v = 0; v < values.cols(); ++v) {
      values(i, v) = shares_[at][static_cast<std::size_t>(v)];
    }
  }
  const Eigen::VectorXd means = values.colwise().mean().transpose();
  const Eigen::MatrixXd centred = values.rowwise() - means.transpose();
  const Eigen::LLT<Eigen::MatrixXd> factor = kernels.llt();
  const Eigen::MatrixXd weights = factor.solve(centred);
  const Eigen::MatrixXd lower = factor.matrixL();
  factor_.assign(lower.data(), lower.data() + lower.size());
  spreads_.clear();
  for (Eigen::Index v = 0; v < weights.cols(); ++v) {
    const double squares = std::max(0.0, centred.col(v).dot(weights.col(v)));
    spreads_.push_back(std::sqrt(squares / static_cast<double>(count)));
  }
  means_.assign(means.data(), means.data() + means.size());
  weights_.clear();
  for (Eigen::Index v = 0; v < weights.cols(); ++v) {
    weights_.emplace_back(weights.col(v).data(), weights.col(v).data() + count);
  }
}

std::vector<double> ShareProcess::hope(const Point& point, std::size_t values) {
  if (points_.empty()) return std::vector<double>(values, 1.0);
  solve();
  std::vector<double> result = means_;
  const auto count = static_cast<Eigen::Index>(points_.size());
  Eigen::VectorXd near(count);
  for (std::size_t i = 0; i < points_.size(); ++i) {
    const double k = kernel(point, points_[i]);
    near[static_cast<Eigen::Index>(i)] = k;
    for (std::size_t v = 0; v < values; ++v) result[v] += weights_[v][i] * k;
  }
  const Eigen::Map<const Eigen::MatrixXd> factor(factor_.data(), count, count);
  factor.triangularView<Eigen::Lower>().solveInPlace(near);
  const double left = std::sqrt(std::max(0.0, kernel(point, point) - near.squaredNorm()));
  for (std::size_t v = 0; v < values; ++v) result[v] += spreads_[v] * left;
  return result;
}

}  // namespace simdse
