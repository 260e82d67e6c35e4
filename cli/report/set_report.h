// What a search for one design for many workloads has found.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/report/output_folder.h"
#include "cli/set_run.h"

namespace simdse {

/// What is known before the search: workloads, budget, objective.
std::string set_header(const SetRun& run);
/// One row per workload, and the price of one design for all.
std::string set_text(const SetRun& run);
nlohmann::ordered_json set_json(const SetRun& run);

/// best.yaml (the common design, if there is one) and results.json.
void write_set(OutputFolder& folder, const SetRun& run);

}  // namespace simdse
