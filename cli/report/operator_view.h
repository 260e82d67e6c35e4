// One operator's bounds, level by level, to be checked with a pocket calculator.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/training_setup.h"
#include "models/chip/chip.h"
#include "search/estimate/region_estimate.h"

namespace simdse {

/// The region that runs operator `name`. Throws InputError with the nearest spelling.
const Region& find_region(const TrainingSetup& setup, const Plan& plan, const std::string& name);

std::string operator_view(const Chip& chip, const TrainingSetup& setup, const Region& region,
                          const RegionEstimate& estimate);

nlohmann::ordered_json operator_view_json(const Chip& chip, const TrainingSetup& setup,
                                          const Region& region, const RegionEstimate& estimate);

}  // namespace simdse
