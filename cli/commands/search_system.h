// `simdse search` of a file with `system` and `parallel`: the chips of a system.
#pragma once

#include "cli/command.h"
#include "search/local/search_spec.h"

namespace simdse {

/// Searches, prints and writes results.json. Throws InputError and NegativeResult.
int search_chips_of_system(const Arguments& arguments, const DataFiles& files, SearchSpec spec);

}  // namespace simdse
