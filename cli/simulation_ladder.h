// Simulating down the ranking until the simulation has decided which design is best.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/contender.h"
#include "search/local/search_result.h"

namespace simdse {

/// How sure the best simulated design is, among those that the search has estimated.
struct Decision {
  std::size_t simulated = 0;  ///< candidates, without the baselines
  std::size_t estimated = 0;  ///< designs in the ranking, the simulated ones among them
  /// Of all simulated designs, the most that the simulation was better than the estimate: simulated
  /// worth over estimated worth, less 1.
  double most_favourable = 0;
  /// Designs that have not been simulated and would beat the best simulated one if the simulation
  /// were as favourable to them. 0: decided.
  std::size_t open = 0;
  /// Largest less smallest ratio of simulated to estimated worth, over the smallest: designs whose
  /// estimates are closer than that can't be told apart by them.
  double spread = 0;
  /// Simulated candidates that the estimate can't tell from its favourite, that one included.
  std::size_t tied = 0;
};

class SimulationLadder {
 public:
  /// `waiting`: what may still be simulated, best first by the estimate. All must outlive it.
  SimulationLadder(Objective objective, const Evaluator& evaluator, const TrainingSetup& setup,
                   const std::vector<Candidate>& waiting)
      : objective_(objective), evaluator_(evaluator), setup_(setup), waiting_(waiting) {}

  /// Simulates the best of those that are waiting, a few at a time, and adds them to `candidates`,
  /// until none of the rest would beat the best candidate within the budget, and `best_baseline`
  /// (the simulated worth of the best baseline that could be the answer), even with the most
  /// favourable ratio of simulated to estimated worth seen so far, there are `most` candidates, or
  /// it may not go on.
  /// The same whatever the number of workers.
  Decision climb_down(std::vector<Contender>& candidates, const std::vector<Contender>& baselines,
                      double best_baseline, std::size_t most,
                      const std::function<void(std::vector<Contender>&)>& simulate,
                      const std::function<bool()>& may_go_on);

  /// Designs that failed before they could be simulated, and why.
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  std::size_t count_open(const std::vector<Contender>& candidates,
                         const std::vector<Contender>& baselines, double best_baseline,
                         std::size_t next) const;
  std::vector<Contender> take(std::size_t next, std::size_t count);

  Objective objective_;
  const Evaluator& evaluator_;
  const TrainingSetup& setup_;
  const std::vector<Candidate>& waiting_;
  std::vector<std::string> failures_;
};

}  // namespace simdse
