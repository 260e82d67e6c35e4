// A Plan as text: written, read back, compared line by line.
#pragma once

#include <string>

#include "search/plan/plan.h"

namespace simdse {

/// JSON, one region or allocation per line, so that plans can be diffed.
std::string plan_to_text(const Plan& plan);

/// Throws InputError, naming `source`, if the text is not what plan_to_text makes.
Plan plan_from_text(const std::string& text, const std::string& source);

}  // namespace simdse
