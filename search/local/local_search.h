// Local search: one stage on one chip, led by the critical path.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "search/local/evaluator.h"
#include "search/local/search_space.h"

namespace simdse {

enum class Objective { throughput, throughput_per_tdp };

const char* objective_name(Objective objective);
std::vector<std::string> objective_names();

/// What a design may cost.
struct Budget {
  Area area;
  Watts power;  ///< as TDP

  bool allows(Area chip_area, Watts chip_tdp) const {
    // Designs at exactly the budget (the baseline itself) must not fall out by rounding.
    constexpr double rounding = 1 + 1e-9;
    return chip_area.value() <= area.value() * rounding &&
           chip_tdp.value() <= power.value() * rounding;
  }
};

struct Candidate {
  Point point;
  Design design;
  std::string label;
  Evaluation evaluation;
};

/// One line of the search's log: what was looked at, and why it was kept or cut.
struct AuditEntry {
  std::int64_t step = 0;
  std::string phase;    ///< tree, growth, balance
  std::string design;   ///< label
  std::string verdict;  ///< kept, cut, over_budget, does_not_fit
  std::string reason;
  double throughput = 0;  ///< 0 if not estimated
};

struct LocalSearchOptions {
  Budget budget;
  std::vector<Objective> objectives = {Objective::throughput};
  std::size_t top_k = 3;
  /// For throughput/TDP: designs slower than this don't count.
  double throughput_floor = 0;
  /// Levels of the dimension tree without improvement before a branch is cut.
  int hysteresis = 2;
};

struct LocalSearchResult {
  /// The best designs of each objective, in the order of the options' objectives; best first.
  std::vector<std::vector<Candidate>> best;
  std::int64_t designs_estimated = 0;
  std::int64_t designs_priced = 0;  ///< looked at for area and power
  std::vector<AuditEntry> audit;
};

/// 1. Tree: from the largest core dimensions down, each child one dimension smaller; a branch is
/// cut
///    when `hysteresis` levels in a row bring no improvement.
/// 2. Growth, at every node of the tree: from one core of each kind, buy what shortens the critical
///    path most per share of the budget it takes: the share of the path that each resource binds
///    tells what more of it would save. Stop when the makespan no longer falls or the budget binds.
/// 3. Balance: from the best designs found, exchange: one step less on one axis for as many steps
/// more
///    on another as the budget allows, while that helps.
///
/// Deterministic. `progress` is told of every estimate. Throws NegativeResult when no design meets
/// the budget, naming the nearest and what it would need.
LocalSearchResult search_locally(const SearchSpace& space, const Evaluator& evaluator,
                                 const LocalSearchOptions& options,
                                 const std::function<void(std::int64_t)>& progress = {});

}  // namespace simdse
