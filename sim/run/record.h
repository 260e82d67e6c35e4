// A simulation's result as text, to pass between processes.
#pragma once

#include <string>

#include "sim/run/simulation.h"

namespace simdse {

std::string to_text(const SimulationResult& result);

/// Throws std::runtime_error if the text is not what to_text makes.
SimulationResult from_text(const std::string& text);

}  // namespace simdse
