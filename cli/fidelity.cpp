#include "cli/fidelity.h"

#include <algorithm>
#include <cmath>

namespace simdse {
namespace {

double kendall_tau(const std::vector<Prediction>& predictions) {
  double difference = 0;  // concordant less discordant pairs
  double ranked = 0;      // pairs that the prediction tells apart ...
  double in_order = 0;    // ... and those that the simulation does
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double predicted = predictions[i].predicted - predictions[j].predicted;
      const double simulated = predictions[i].simulated - predictions[j].simulated;
      ranked += predicted != 0;
      in_order += simulated != 0;
      const double product = predicted * simulated;
      difference += product > 0 ? 1 : product < 0 ? -1 : 0;
    }
  }
  if (in_order == 0) return 1;
  return ranked == 0 ? 0 : difference / std::sqrt(ranked * in_order);
}

}  // namespace

Fidelity measure_fidelity(const std::vector<Prediction>& predictions) {
  Fidelity fidelity;
  if (predictions.empty()) return fidelity;
  std::vector<double> gaps;
  double best = predictions.front().simulated;
  Prediction favourite = predictions.front();
  for (const Prediction& prediction : predictions) {
    gaps.push_back(std::abs(prediction.gap()));
    fidelity.mean_abs_gap += gaps.back() / static_cast<double>(predictions.size());
    best = std::min(best, prediction.simulated);
    // Of favourites that it can't tell apart, a prediction gets the worst.
    if (prediction.predicted < favourite.predicted ||
        (prediction.predicted == favourite.predicted &&
         prediction.simulated > favourite.simulated)) {
      favourite = prediction;
    }
  }
  std::sort(gaps.begin(), gaps.end());
  fidelity.max_abs_gap = gaps.back();
  fidelity.p95_abs_gap = gaps[(gaps.size() * 95 + 99) / 100 - 1];
  fidelity.kendall_tau = kendall_tau(predictions);
  fidelity.top1_regret = 1 - best / favourite.simulated;
  std::vector<Prediction> near;
  for (const Prediction& prediction : predictions) {
    if (best / prediction.simulated >= kNearBest) near.push_back(prediction);
  }
  fidelity.near_best = near.size();
  if (near.size() > 1) fidelity.near_best_tau = kendall_tau(near);
  return fidelity;
}

}  // namespace simdse
