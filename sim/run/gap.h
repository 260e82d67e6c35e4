// What the gap between estimate and simulation consists of, by taking its causes away one by one.
#pragma once

#include <string>
#include <vector>

#include "models/chip/chip.h"
#include "sim/run/simulation.h"

namespace simdse {

/// One simulation of the series: all causes up to and including this one are taken away.
struct GapStep {
  std::string cause;  ///< "HBM sharing", "bank conflicts", ...
  Idealisation ideal;
  Chip chip;  ///< with refresh smoothed into a lower data rate, from the step that takes it away
};

/// The series for a chip, to be simulated one by one on the same plan. Contention for memory goes
/// first, then for buffer banks, network and dispatcher; refresh, which the estimate charges at its
/// average rate, last.
std::vector<GapStep> gap_steps(const Chip& chip);

/// A cause and its share of the simulated time.
struct GapShare {
  std::string cause;
  double share = 0;
};

/// The times, in one unit, that a gap is made of.
struct GapTimes {
  double simulated = 0;
  std::vector<double> after;  ///< simulated once steps 0 to i are applied
  /// Of the last of these simulations: the time in which no core worked because each waited for
  /// what another makes. The estimate has none of it: its regions start where their causes end.
  double dependency = 0;
  double estimate = 0;
  double contention_free_estimate = 0;
};

/// Shares of the simulated time by which it exceeds the estimate. Each cause is what its step takes
/// off the simulated time; what the estimate itself charges for sharing is taken off the first,
/// which is HBM sharing. The simulation without any contention is then compared with the estimate
/// without any: dependency stalls are told apart, and all that remains is "other": row misses,
/// latencies that nothing hides, and the filling and draining of tile pipelines. Sums to
/// 1 - estimate / simulated.
std::vector<GapShare> gap_shares(const std::vector<GapStep>& steps, const GapTimes& times);

}  // namespace simdse
