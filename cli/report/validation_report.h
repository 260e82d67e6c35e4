// How far the estimate is from the simulation, for people and for scripts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/validation_run.h"

namespace simdse {

std::string validation_text(const Validation& validation);

/// Holds no wall-clock times: equal inputs make equal bytes.
nlohmann::ordered_json validation_json(const Validation& validation);

/// One line per design.
std::string validation_csv(const Validation& validation);

}  // namespace simdse
