// The answer of a search, for people and for scripts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/report/output_folder.h"
#include "cli/search_run.h"

namespace simdse {

/// The lines that can be printed before the search begins.
std::string search_header(const SearchSpec& spec, const TrainingSetup& setup);

/// What a tired architect reads.
std::string search_text(const SearchRun& run);

/// results.json. Holds no wall-clock times: equal inputs make equal bytes.
nlohmann::ordered_json search_json(const SearchRun& run);

/// The resolved inputs of a search: what its result is a function of.
nlohmann::ordered_json inputs_json(const SearchSpec& spec);

/// Hash of the resolved inputs and the version, as hexadecimal digits.
std::string identity(const SearchSpec& spec);

/// The search's log, one JSON object per line.
std::string audit_lines(const LocalSearchResult& search);

/// Names of all files that a search may write.
std::vector<std::string> result_files();

/// Writes and commits them. A trace.pftrace that the folder reserved is discarded if the run has
/// none.
void write_results(OutputFolder& folder, const SearchRun& run);

}  // namespace simdse
