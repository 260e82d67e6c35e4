// Degrees of parallelism that were chosen, for people and for scripts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "search/system/degree_choice.h"

namespace simdse {

/// Lines that say which degrees were tried and chosen first, and why others were ruled out.
/// Headings fill `width` columns. Empty without choices.
std::string degrees_text(const std::vector<DegreeChoice>& rounds, std::size_t width);

/// A line for each of the later choices.
std::string again_text(const std::vector<DegreeChoice>& rounds, std::size_t width);

/// A list of choices, each with every trial.
nlohmann::ordered_json degrees_json(const std::vector<DegreeChoice>& rounds);

}  // namespace simdse
