// What is asked of a search.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "search/local/budget.h"
#include "search/local/objective.h"
#include "search/local/search_space.h"

namespace simdse {

enum class SearchMethod {
  heuristic,   ///< led by the critical path
  exact,       ///< the heuristic, then branch and bound
  exhaustive,  ///< every design within the budget
};

const char* method_name(SearchMethod method);
std::vector<std::string> method_names();

/// When an exact search stops at the latest. They count work, never seconds.
struct SearchLimits {
  std::int64_t nodes = 2'000'000;      ///< boxes looked at
  std::int64_t evaluations = 100'000;  ///< designs estimated, the heuristic's included
  /// Designs better than the best found by no more than this share need not be found.
  double gap = 0;
};

struct LocalSearchOptions {
  SearchMethod method = SearchMethod::heuristic;
  SearchLimits limits;

  Budget budget;
  std::vector<Objective> objectives = {Objective::throughput};
  std::size_t top_k = 3;
  /// Designs slower than this don't count.
  ThroughputFloor throughput_floor;
  /// Levels of the dimension tree without improvement before a branch is cut.
  int hysteresis = 2;
  /// Designs to estimate whatever the search thinks of them, e.g. baselines that the space has.
  std::vector<Point> seeds;
  /// Also find the best of the estimated designs, by the first objective, within this smaller
  /// budget.
  std::optional<Budget> also_within;
  /// Asked before every estimate: true ends the search with what it has found.
  std::function<bool()> is_interrupted;
};

}  // namespace simdse
