// Simulating down the ranking until the simulation has decided which design is best.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/yardstick.h"
#include "search/local/search_result.h"

namespace simdse {

/// With fewer gaps between estimate and simulation than that, their spread says nothing yet.
constexpr std::size_t kLeastGaps = 3;

/// How sure the best simulated design is, among those that the search has estimated.
struct Decision {
  std::size_t simulated = 0;  ///< candidates, without the baselines
  std::size_t estimated = 0;  ///< designs in the ranking, the simulated ones among them
  std::size_t gaps = 0;       ///< designs whose estimate could be held against a simulation
  /// Of all simulated designs, the most that the simulation was better than the estimate: simulated
  /// worth over estimated worth, less 1. None if nothing is simulated.
  std::optional<double> most_favourable;
  /// Largest less smallest ratio of simulated to estimated worth, over the smallest: designs whose
  /// estimates are closer than that can't be told apart by them.
  std::optional<double> spread;
  /// Designs that have not been tried and would beat the best simulated one if the simulation were
  /// as favourable to them.
  std::size_t open = 0;
  /// The same of candidates whose simulation failed or was interrupted.
  std::size_t missing = 0;
  /// Simulated candidates that the estimate can't tell from its favourite, that one included.
  std::size_t tied = 0;

  /// Fewer gaps than kLeastGaps decide nothing, unless nothing is left to try.
  bool is_decided() const {
    return simulated > 0 && open == 0 && missing == 0 &&
           (gaps >= kLeastGaps || simulated == estimated);
  }
};

class SimulationLadder {
 public:
  /// `waiting`: what may still be simulated, best first by the estimate. The others must outlive
  /// it.
  SimulationLadder(const Yardstick& yardstick, const Evaluator& evaluator,
                   std::vector<Candidate> waiting)
      : yardstick_(yardstick), evaluator_(evaluator), waiting_(std::move(waiting)) {}

  /// Simulates the best of those that are waiting, a few at a time, and adds them to `candidates`,
  /// until kLeastGaps designs are simulated and none of the rest would beat the best candidate, and
  /// `best_baseline` (the simulated worth of the best baseline that could be the answer), even with
  /// the most favourable ratios of simulated to estimated worth and throughput seen so far; or
  /// there are `most` candidates, or it may not go on.
  /// The same whatever the number of workers.
  Decision climb_down(std::vector<Contender>& candidates, const std::vector<Contender>& baselines,
                      double best_baseline, std::size_t most,
                      const std::function<void(std::vector<Contender>&)>& simulate,
                      const std::function<bool()>& may_go_on);

  /// Designs that failed before they could be simulated, and why.
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  /// Takes those at `indices` (ascending) off the waiting ones.
  std::vector<Contender> take(const std::vector<std::size_t>& indices);

  const Yardstick& yardstick_;
  const Evaluator& evaluator_;
  std::vector<Candidate> waiting_;
  std::vector<std::string> failures_;
};

}  // namespace simdse
