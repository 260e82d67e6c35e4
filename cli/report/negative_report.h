// What a search leaves that has no answer.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/report/output_folder.h"

namespace simdse {

/// results.json of a search whose answer is negative: `inputs` as in any other, status "none", and
/// the reason.
nlohmann::ordered_json negative_json(nlohmann::ordered_json inputs, const std::string& reason);

/// Writes it as the folder's only file. What an earlier run left stays beside, under NAME.old.
void write_negative(OutputFolder& folder, const nlohmann::ordered_json& json);

}  // namespace simdse
