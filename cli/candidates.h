// Which of the designs that a search estimated are to be simulated.
#pragma once

#include "cli/search_run.h"

namespace simdse {

/// Fills in SearchRun::candidates: the best designs of all objectives, each once, the first ones of
/// all before the second ones, as many as SearchSpec::simulations allows. What it does not allow
/// goes to the runners-up, and is a warning.
void choose_candidates(SearchRun& run);

/// Adds the best design at the first baseline's own area and power, of those that the search
/// estimated and of those that a search within these finds, so that the comparison is fair whatever
/// the budget is. Throws PluginFailure.
void add_fair_candidate(SearchRun& run);

}  // namespace simdse
