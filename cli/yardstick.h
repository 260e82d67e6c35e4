// What contenders are worth in a search, by the estimate and by the simulation.
#pragma once

#include "cli/contender.h"

namespace simdse {

/// A search's first objective, with the throughput that a simulated design has to reach.
class Yardstick {
 public:
  /// `setup` must outlive it.
  Yardstick(Objective objective, ThroughputFloor simulated_floor, const TrainingSetup& setup)
      : objective_(objective), floor_(simulated_floor), setup_(&setup) {}

  Objective objective() const { return objective_; }

  double estimated(const Contender& contender) const {
    return estimated_worth(objective_, *setup_, contender);
  }
  /// 0 if it is not simulated.
  double simulated(const Contender& contender) const {
    return simulated_worth(objective_, *setup_, contender);
  }

  bool allows(double samples_per_second) const {
    return floor_.allows(objective_, samples_per_second);
  }
  /// True if it is simulated, and too slow to count.
  bool misses_floor(const Contender& contender) const {
    return contender.simulation && !allows(simulated_throughput(contender));
  }
  /// What it is worth as the answer: nothing unless it is simulated, is within the budget and
  /// reaches the floor.
  double as_answer(const Contender& contender) const {
    return contender.is_in_budget && !misses_floor(contender) ? simulated(contender) : 0;
  }

  /// Samples per second; 0 if it is not simulated.
  double simulated_throughput(const Contender& contender) const {
    return contender.simulated_throughput(setup_->workload.batch());
  }
  double estimated_throughput(const Contender& contender) const {
    return contender.estimated_throughput(setup_->workload.batch());
  }

 private:
  Objective objective_;
  ThroughputFloor floor_;
  const TrainingSetup* setup_;
};

}  // namespace simdse
