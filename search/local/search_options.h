// What is asked of a search.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "search/local/budget.h"
#include "search/local/objective.h"
#include "search/local/search_space.h"

namespace simdse {

struct LocalSearchOptions {
  Budget budget;
  std::vector<Objective> objectives = {Objective::throughput};
  std::size_t top_k = 3;
  /// Designs slower than this don't count.
  ThroughputFloor throughput_floor;
  /// Levels of the dimension tree without improvement before a branch is cut.
  int hysteresis = 2;
  /// Designs to estimate whatever the search thinks of them, e.g. baselines that the space has.
  std::vector<Point> seeds;
  /// Also find the fastest of the estimated designs within this smaller budget.
  std::optional<Budget> also_within;
};

}  // namespace simdse
