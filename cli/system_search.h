// A search for the chips of a system, from its file to its answer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/system_step.h"
#include "search/local/search_result.h"
#include "search/local/search_spec.h"

namespace simdse {

/// A choice of designs for the places of the pipeline.
struct SystemCandidate {
  std::string name;
  PlaceDesigns places;
  Seconds estimate;
  std::optional<SystemResult> simulation;
  Area area;  ///< of all chips
  Watts tdp;
};

/// What the searches of one kind of pipeline place found.
struct PlaceSearch {
  std::vector<std::size_t> places;
  std::vector<Candidate> best;  ///< by the time of the place's own work, best first
  std::int64_t estimated = 0;
};

struct SystemSearch {
  SearchSpec spec;
  System system;  ///< with the base's chips
  std::unique_ptr<SystemStep> step;
  std::vector<PlaceSearch> kinds;
  std::size_t compared = 0;  ///< choices estimated on the whole system
  SystemCandidate common;    ///< one design for all places
  SystemCandidate mosaic;    ///< each place its own
  std::vector<SystemCandidate> baselines;
};

/// Local search for every distinct place of the pipeline, whose work is its pieces, each as often
/// as an iteration does it; then, over all that these keep, the one design (common) and the design
/// for each place (mosaic, by changing one kind of place at a time) with which the estimated
/// iteration is shortest; then these and the baselines are simulated. Throws InputError and
/// NegativeResult.
SystemSearch search_system(SearchSpec spec, const DataFiles& files, const WorkerOptions& workers,
                           const std::function<void(const SystemSearch&)>& on_ready = {});

}  // namespace simdse
