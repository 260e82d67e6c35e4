// The numbers of a design as JSON: what scripts may rely on.
#pragma once

#include <nlohmann/json.hpp>

#include "cli/training_setup.h"
#include "models/chip/chip.h"
#include "search/estimate/plan_estimate.h"
#include "sim/run/simulation.h"

namespace simdse {

/// Area, power and the sizes that tell a design apart.
nlohmann::ordered_json chip_json(const Chip& chip);

/// time_s, throughput_samples_per_s, energy_j, breakdown (fractions that sum to 1), ...
nlohmann::ordered_json estimate_json(const Chip& chip, const TrainingSetup& setup,
                                     const PlanEstimate& estimate);

/// The same of a simulation, with estimate_time_s and gap (= estimate / simulation - 1).
nlohmann::ordered_json simulation_json(const Chip& chip, const TrainingSetup& setup,
                                       const PlanEstimate& estimate,
                                       const SimulationResult& simulation);

/// One entry per region: name, operators, cycles, bound, and simulated cycles if there are any.
nlohmann::ordered_json operators_json(const Chip& chip, const TrainingSetup& setup,
                                      const Plan& plan, const PlanEstimate& estimate,
                                      const SimulationResult* simulation);

/// The same as comma-separated values.
std::string operators_csv(const Chip& chip, const TrainingSetup& setup, const Plan& plan,
                          const PlanEstimate& estimate, const SimulationResult* simulation);

/// Shares of the peak MAC rate.
struct Utilisation {
  double model = 0;     ///< MFU: by the MACs that the model asks for
  double hardware = 0;  ///< HFU: by all MACs, also those that are recomputed

  /// A line for people; HFU is named where it differs.
  std::string text() const;
};

/// Of a step that takes `time` and does `macs` in all.
Utilisation utilisation_of(const Chip& chip, const TrainingSetup& setup, double macs, Seconds time);

/// estimate / simulation - 1.
double gap_of(const PlanEstimate& estimate, const SimulationResult& simulation);

}  // namespace simdse
