// A comparison of searches, for people and for scripts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/compare_run.h"
#include "cli/report/output_folder.h"

namespace simdse {

/// The table, one line per method, and what stands below it.
std::string compare_text(const CompareRun& run);

/// The same table as Markdown, with the workload's name as heading.
std::string compare_markdown(const CompareRun& run);

/// compare.json. All that was measured stands under `cpu_seconds`; all else is a function of the
/// inputs, to the byte.
nlohmann::ordered_json compare_json(const CompareRun& run);

/// One line per improvement:
/// method,seed,evaluations,cost_calls,cpu_s,throughput,throughput_per_tdp. cpu_s is measured.
std::string convergence_csv(const CompareRun& run);

/// Names of the files that write_comparison writes.
std::vector<std::string> comparison_files();

/// Writes and commits them.
void write_comparison(OutputFolder& folder, const CompareRun& run);

}  // namespace simdse
