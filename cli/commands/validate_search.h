// The part of `validate` that sets the estimate beside the simulation.
#pragma once

#include "cli/command.h"

namespace simdse {

void add_search_options(Arguments& arguments);

/// Of designs drawn from a search file's space, or of those in the folder of a search.
int validate_designs(const Arguments& arguments, const DataFiles& files);

}  // namespace simdse
