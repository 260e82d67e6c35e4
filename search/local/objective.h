// What a search looks for.
#pragma once

#include <string>
#include <vector>

#include "search/local/evaluator.h"

namespace simdse {

enum class Objective { throughput, throughput_per_tdp, energy, energy_delay_product };

const char* objective_name(Objective objective);
std::vector<std::string> objective_names();
/// `name` is one of objective_names().
Objective objective_named(const std::string& name);

/// What the figures of a training step are worth, the larger the better:
///   throughput            samples/s
///   throughput_per_tdp    samples/s/W
///   energy                samples/J, so the design of the least joules per sample is the best
///   energy_delay_product  samples^2/(J s): the inverse of joules per sample x seconds per sample
double worth(Objective objective, double samples_per_second, double samples_per_joule, Watts tdp);
double worth(Objective objective, const Evaluation& evaluation);

/// The slowest that counts.
struct ThroughputFloor {
  double samples_per_second = 0;
  /// True if it was asked for: then it holds for every objective. Else it is there because the
  /// thriftiest design of all is too slow to be of use, and does not hold for throughput.
  bool is_given = false;

  bool allows(Objective objective, double throughput) const {
    return throughput >= samples_per_second || (objective == Objective::throughput && !is_given);
  }
};

}  // namespace simdse
