// The search by the method that was asked for.
#pragma once

#include <functional>

#include "search/local/search_options.h"
#include "search/local/search_result.h"

namespace simdse {

/// Runs LocalSearchOptions::method:
///   heuristic   see search_locally; then boxes are bounded, but nothing more is estimated
///   exact       the heuristic, then branch and bound from what it found (BranchAndBound)
///   exhaustive  every design within the budget
/// The result has a certificate, except that the heuristic has none for blocks of plug-ins. Throws
/// as search_locally does, and InputError where a space is too large to be enumerated or has blocks
/// of plug-ins, which can't be bounded.
LocalSearchResult search_designs(const SearchSpace& space, const Evaluator& evaluator,
                                 const LocalSearchOptions& options,
                                 const std::function<void(std::int64_t)>& progress = {});

}  // namespace simdse
