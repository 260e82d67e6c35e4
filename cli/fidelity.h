// How well predicted times stand for simulated ones.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace simdse {

/// One design's time, predicted and simulated, in one unit.
struct Prediction {
  double predicted = 0;
  double simulated = 0;

  /// predicted / simulated - 1.
  double gap() const { return predicted / simulated - 1; }
};

/// A design is near the best when its throughput is at least this share of the best one's.
constexpr double kNearBest = 0.8;

struct Fidelity {
  double mean_abs_gap = 0;
  double p95_abs_gap = 0;  ///< the smallest that at least 95 % of the designs don't exceed
  double max_abs_gap = 0;
  /// Kendall's tau-b of the two rankings (Kendall, The treatment of ties in ranking problems,
  /// Biometrika 1945); 1 if there is nothing to rank, 0 if all predictions are equal.
  double kendall_tau = 1;
  /// The same among the designs near the best, by simulation; none if they are fewer than two.
  std::optional<double> near_best_tau;
  std::size_t near_best = 0;  ///< how many these are
  double top1_regret = 0;     ///< how much slower the prediction's favourite is than the best
};

/// Of no predictions: as if there were one, and it was right.
Fidelity measure_fidelity(const std::vector<Prediction>& predictions);

}  // namespace simdse
