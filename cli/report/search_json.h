// The answer of a search for scripts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/search_run.h"

namespace simdse {

/// results.json. Holds no wall-clock times: equal inputs make equal bytes.
nlohmann::ordered_json search_json(const SearchRun& run);

/// The resolved inputs of a search: what its result is a function of.
nlohmann::ordered_json inputs_json(const SearchSpec& spec);
/// How a step is spread over chips; complete.
nlohmann::ordered_json parallelism_json(const Parallelism& parallelism);

/// Hash of the resolved inputs and the version, as hexadecimal digits.
std::string identity(const SearchSpec& spec);

/// The search's log, one JSON object per line.
std::string audit_lines(const LocalSearchResult& search, const nlohmann::ordered_json& more = {});

}  // namespace simdse
