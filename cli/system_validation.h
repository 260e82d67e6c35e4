// Estimate against simulation over designs of a system's chips and ways to spread a step over them.
#pragma once

#include "cli/validation_run.h"

namespace simdse {

/// Draws pairs of a design and degrees, and measures them: as validate_search, with the degrees
/// drawn too, of all those that make up the system's chips and are possible with the base's chips,
/// whether the file gives degrees or not. All pairs train the samples that the file's degrees make
/// an iteration of; with open degrees and a number of microbatches, those of one replica. Half of
/// the pairs are drawn uniformly; the others in five rounds near the ten fastest simulated until
/// then: the design near that of one of them, the degrees those of another. `explained` and
/// `simulate` of the options are not used. Throws as validate_search does, and InputError when no
/// degrees are possible.
Validation validate_system_search(const SearchSpec& spec, const ValidationOptions& options);

}  // namespace simdse
