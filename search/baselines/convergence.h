// How a search came to its answer: every improvement, with what it had cost by then.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "search/local/evaluator.h"
#include "search/local/objective.h"

namespace simdse {

/// What an evaluated design is worth in an objective, more is better; 0 if it does not reach the
/// floor.
double worth_of(const Evaluation& evaluation, Objective objective, const ThroughputFloor& floor);

/// A design better than all before it.
struct Improvement {
  std::int64_t evaluations = 0;  ///< made so far, this one included
  std::int64_t cost_calls = 0;   ///< the same of layer-cost calls
  double cpu_seconds = 0;        ///< spent so far; a measurement, unlike all else
  double worth = 0;              ///< by the objective
  double throughput = 0;         ///< samples per second
  double throughput_per_tdp = 0;
};

/// CPU seconds of this process and of the children that it has waited for.
double cpu_seconds();

/// Listens to an evaluator and counts, whoever searches: all methods are measured alike.
class Convergence {
 public:
  using CpuClock = std::function<double()>;

  /// Time counts from here on.
  Convergence(Objective objective, const ThroughputFloor& floor, CpuClock clock = cpu_seconds)
      : objective_(objective), floor_(floor), clock_(std::move(clock)), start_(clock_()) {}

  /// For Evaluator::observe; this object must outlive the evaluator's use.
  Evaluator::Observer observer();

  /// Designs estimated, those that the workload does not fit included.
  std::int64_t evaluations() const { return evaluations_; }
  std::int64_t cost_calls() const { return cost_calls_; }
  double spent_seconds() const { return clock_() - start_; }
  const std::vector<Improvement>& improvements() const { return improvements_; }

  struct Best {
    Design design;
    std::string label;
    Evaluation evaluation;
  };
  const std::optional<Best>& best() const { return best_; }

 private:
  void note(const Chip& chip, const Evaluation* evaluation, std::int64_t cost_calls);

  Objective objective_;
  ThroughputFloor floor_;
  CpuClock clock_;
  double start_;
  std::int64_t evaluations_ = 0;
  std::int64_t cost_calls_ = 0;
  std::vector<Improvement> improvements_;
  std::optional<Best> best_;
};

}  // namespace simdse
