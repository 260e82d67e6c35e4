// Estimate against simulation over designs of a search space.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/fidelity.h"
#include "cli/simulation_job.h"
#include "cli/training_setup.h"
#include "search/local/search_spec.h"
#include "sim/run/gap.h"

namespace simdse {

/// One design, by the estimate, by simulation, and by those who know less.
struct ValidatedDesign {
  std::string name;
  Point point;           ///< empty if it was not drawn but read
  bool is_near = false;  ///< drawn near the best, not uniformly
  double area_mm2 = 0;
  double tdp_w = 0;
  double estimate_s = 0;
  double roofline_s = 0;   ///< 0: not known
  double peak_s = 0;       ///< 0: not known
  double simulated_s = 0;  ///< 0: the simulation failed
  std::string failure;     ///< why

  double gap() const { return estimate_s / simulated_s - 1; }
};

struct ValidationOptions {
  std::size_t designs = 200;
  std::uint64_t seed = 1;
  int workers = 1;
  std::size_t explained = 3;  ///< designs whose gap is traced to its causes
  SimulationJob simulate = simulation_job;
};

/// What a predictor is worth. Those beside the estimate know
///   peak FLOPS  nothing but the peak MAC rate: MACs / peak;
///   roofline    the peak rates of MACs and of memory, and what each task moves at least: the sum
///               over tasks of max(MACs / peak, bytes / bandwidth) (Williams, Waterman and
///               Patterson, CACM 2009).
struct Predictor {
  std::string name;
  Fidelity fidelity;
};

struct Validation {
  std::string name;                      ///< of the search
  std::vector<ValidatedDesign> designs;  ///< in the order in which they were drawn
  std::size_t simulated = 0;
  std::vector<Predictor> predictors;  ///< the estimate first
  std::vector<GapShare> gap;          ///< mean causes of `explained` designs
  std::size_t explained = 0;
  std::int64_t over_budget = 0;
  std::int64_t unfit = 0;  ///< drawn, but the workload does not fit
  std::vector<std::string> warnings;
};

/// Draws and measures. Half of the designs are drawn uniformly from the axes' values, as far as the
/// budget allows them and the workload fits them. The other half comes in five rounds, each drawn
/// near the ten designs that are the fastest simulated ones until then: one to three axes moved by
/// one or two steps. The estimate has no say in what is drawn. A simulation that fails costs its
/// design; a design that the workload does not fit is replaced. Throws InputError, and
/// NegativeResult if nothing was simulated.
Validation validate_search(const SearchSpec& spec, const TrainingSetup& setup,
                           const ValidationOptions& options);

/// The same of the designs in the results.json of a search. Throws InputError if it is none.
Validation validate_results(const std::string& path);

/// The predictors of designs that were simulated.
void measure(Validation& validation);

}  // namespace simdse
