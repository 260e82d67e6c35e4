// The comparison with references for people, for scripts and for the documents.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/references/comparison.h"

namespace simdse {

std::string comparison_text(const std::vector<ReferenceResult>& results);
std::string comparison_markdown(const std::vector<ReferenceResult>& results);
nlohmann::ordered_json comparison_json(const std::vector<ReferenceResult>& results);

}  // namespace simdse
