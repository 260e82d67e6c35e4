// Distributed steps and searches of a system's chips, for people and for scripts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/report/output_folder.h"
#include "cli/system_search_run.h"
#include "models/network/system.h"
#include "search/system/degree_search.h"

namespace simdse {

/// "tensor 8 x pipeline 8 x data 1, one_f_one_b of 64 microbatches of 1, sequence parallel".
std::string parallelism_text(const Parallelism& parallelism);

/// A step on chips of one design.
struct SystemStepReport {
  const System& system;
  const SystemStep& step;
  const SystemEstimate& estimate;
  const SystemSimulation& simulation;
  const std::vector<DegreeChoice>& degrees;  ///< one, or none if the degrees were given
};

std::string system_step_text(const SystemStepReport& report);
nlohmann::ordered_json system_step_json(const SystemStepReport& report);

/// A search with what was simulated of it.
struct SystemSearchReport {
  const SearchSpec& spec;
  const DegreeSearchResult& result;
  const SystemSearchRun& run;

  const SystemStep& step() const { return *result.step; }
  const SystemSearchResult& found() const { return result.found; }
};

/// What is searched, with the step that the search begins with.
std::string system_search_header(const SearchSpec& spec, const FirstStep& first);
std::string system_search_text(const SystemSearchReport& report);
nlohmann::ordered_json system_search_json(const SystemSearchReport& report);
/// Writes best.yaml (the best common design), search_log.jsonl and results.json.
void write_system_search(OutputFolder& folder, const SystemSearchReport& report);

}  // namespace simdse
