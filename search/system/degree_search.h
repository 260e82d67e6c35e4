// The search for the chips of a system and for the degrees of parallelism, in turn.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "search/system/degree_choice.h"
#include "search/system/system_search.h"

namespace simdse {

struct DegreeSearchResult {
  std::unique_ptr<SystemStep> step;  ///< spread as the best degrees say
  SystemSearchResult found;
  /// By the base's chips; then by the common design of each search. Empty if all degrees are given.
  std::vector<DegreeChoice> rounds;
  /// Why chips were not searched for the degrees that the last round chose: a baseline cannot be
  /// spread like that, so that there would be no comparison. Empty if nothing was in the way.
  std::string obstacle;
};

/// The step that a search begins with, and the choice that led to it: by the base's chips. Throws
/// InputError, at `parallel` in the file.
struct FirstStep {
  std::unique_ptr<SystemStep> step;
  std::vector<DegreeChoice> rounds;  ///< one or none
};
FirstStep first_step(const SearchSpec& spec);

/// search_system with the first step; then, where degrees are auto, they are chosen again with the
/// common design that was found, and if others are better with it, chips are searched for those,
/// until neither changes. The best by the estimate of the common design is the answer. Each set of
/// degrees is searched once. Throws as search_system does.
DegreeSearchResult search_degrees(const SearchSpec& spec, FirstStep first,
                                  const std::function<void(std::int64_t)>& progress = {});

}  // namespace simdse
