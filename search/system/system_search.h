// The search for the chips of a system: stage by stage, then across stages.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "search/local/search_result.h"
#include "search/local/search_spec.h"
#include "search/system/system_estimate.h"
#include "search/system/system_step.h"

namespace simdse {

/// Designs for the places of the pipeline.
struct SystemChoice {
  std::string name;
  PlaceDesigns places;
  /// Of a baseline with other links than the base, one of its own.
  std::shared_ptr<const Interconnect> network;
  SystemEstimate estimate;
  Area area;  ///< of all chips
  Watts tdp;
  /// By the search's objective, of the whole system: samples/s, or samples/s/W. -1 if it is slower
  /// than what counts.
  double worth = -1;
};

/// Every way to give the kinds of place one of the designs, estimated.
struct AllAssignments {
  std::size_t designs = 0;
  std::size_t count = 0;
  /// The share of worth by which the best of them is better than what was chosen kind by kind.
  double loss = 0;
};

/// Pipeline places whose chips do the same, and what the search for one of them found.
struct PlaceKind {
  std::vector<std::size_t> places;
  LocalSearchResult found;  ///< by the time of the place's own pieces

  const std::vector<Candidate>& best() const { return found.best.front(); }
};

struct SystemSearchResult {
  std::vector<PlaceKind> kinds;
  std::size_t compared = 0;  ///< choices that were estimated on the whole system
  SystemChoice common;       ///< one design for all places
  /// Others, each for all places: best first, and last those that do not count by the estimate.
  std::vector<SystemChoice> rivals;
  SystemChoice mosaic;  ///< each place its own; equal to the common one if that is best
  std::optional<AllAssignments> all;  ///< where these are few enough
  std::vector<SystemChoice> baselines;

  bool has_mosaic() const { return mosaic.worth > common.worth; }
};

/// Places with equal work, together; nothing is searched yet.
std::vector<PlaceKind> kinds_of_places(const DistributedStep& step);

/// 1. For every kind of place, a local search: its work is its pieces, each as often as an
///    iteration does it. Exchanges are left to the second stage.
/// 2. Over all designs that were kept, and baselines that the space and the budget allow, the one
///    with which the whole system is worth most by the estimate and the objective (common), beside
///    its rivals; from the common one, kind by kind, whatever makes it worth more still (mosaic).
///    Where they are few enough, all assignments of designs to kinds are estimated, and the mosaic
///    is the best of them.
///
/// For throughput_per_tdp, what is slower than the first baseline does not count: neither at a kind
/// of place nor on the whole.
///
/// `progress` is told of every estimate of the local searches. Throws InputError when a baseline
/// does not fit, and NegativeResult when no design has the memory that the stages need, or as
/// search_locally does.
SystemSearchResult search_system(const SearchSpec& spec, const SystemStep& step,
                                 const std::function<void(std::int64_t)>& progress = {});

}  // namespace simdse
