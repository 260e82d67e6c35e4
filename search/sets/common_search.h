// One design for many workloads, beside each one's own best.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "search/local/search_result.h"
#include "search/sets/set_spec.h"

namespace simdse {

/// One workload of a set, ready to be searched.
struct SetWorkload {
  const Evaluator* evaluator = nullptr;
  LocalSearchOptions options;
  double weight = 1;
};

/// A design with what it achieves for every workload.
struct CommonDesign {
  Point point;
  Design design;
  std::string label;
  std::vector<Evaluation> evaluations;  ///< in the set's order
  std::vector<double> shares;           ///< of what each workload's own best is worth
  double worth = 0;                     ///< see set_worth
};

struct CommonResult {
  /// The best for each workload alone; none of those that an interrupt kept from being searched.
  std::vector<std::optional<Candidate>> own;
  std::optional<CommonDesign> common;  ///< none if it was interrupted before there was one
  std::int64_t designs_estimated = 0;  ///< by the workloads' own searches ...
  std::int64_t designs_compared = 0;   ///< ... and for all workloads, or until one ruled them out
  bool is_partial = false;             ///< interrupted: the best until then
};

/// Searches for every workload by itself; then, from the best designs of all of these, climbs by
/// neighbours (one step on one axis, or one up and one down) to a design that no neighbour betters
/// for the whole set. A design is estimated workload by workload and given up as soon as it would
/// be no better even if it were as good as their own best for all the rest. Where the climb meets a
/// design that is better for a workload than its own best, it becomes its own best.
///
/// All workloads have the same space and budget. Throws NegativeResult when some workload has no
/// design, or none suits all; and when it is interrupted before it has found any.
CommonResult search_common(const SearchSpace& space, const std::vector<SetWorkload>& workloads,
                           SetObjective objective,
                           const std::function<void(std::int64_t)>& progress = {});

}  // namespace simdse
