// The answer of a search for people, and its files.
#pragma once

#include <string>
#include <vector>

#include "cli/report/output_folder.h"
#include "cli/search_run.h"

namespace simdse {

/// The lines that can be printed before the search begins.
std::string search_header(const SearchSpec& spec, const TrainingSetup& setup);

/// What a tired architect reads.
std::string search_text(const SearchRun& run);

/// Names of all files that a search, of whatever kind, may write: each kind sets aside what another
/// left in its folder.
std::vector<std::string> result_files();

/// Writes and commits them. A trace.pftrace that the folder reserved is discarded if the run has
/// none.
void write_results(OutputFolder& folder, const SearchRun& run);

}  // namespace simdse
