#include "search/estimate/sharing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace simdse {
namespace {

constexpr double kNoLevel = std::numeric_limits<double>::infinity();

/// The level at which demands are cut off so that they sum to 1: demands below it are met in full.
/// None if they don't sum to more.
double fair_level(std::vector<double> demands) {
  std::sort(demands.begin(), demands.end());
  double left = 1;
  for (std::size_t i = 0; i < demands.size(); ++i) {
    const double equal = left / static_cast<double>(demands.size() - i);
    if (demands[i] > equal) return equal;
    left -= demands[i];
  }
  return kNoLevel;
}

}  // namespace

void share_speeds(const std::vector<Demand>& demands, std::vector<double>& speeds) {
  // A resource's level is the most of it that anyone gets. A region's speed follows from the
  // levels; a level follows from what the other levels let the regions ask for: solved in turn, to
  // where nothing moves any more.
  std::array<double, kSharedCount> levels;
  levels.fill(kNoLevel);
  const auto speed_without = [&](const Demand& demand, std::size_t left_out) {
    double speed = 1;
    for (std::size_t r = 0; r < kSharedCount; ++r) {
      if (r != left_out && demand[r] > 0) speed = std::min(speed, levels[r] / demand[r]);
    }
    return speed;
  };
  std::vector<double> wanted(demands.size());
  constexpr double settled = 1e-12;
  constexpr int max_rounds = 1000;
  bool has_moved = true;
  for (int round = 0; has_moved && round < max_rounds; ++round) {
    has_moved = false;
    for (std::size_t r = 0; r < kSharedCount; ++r) {
      for (std::size_t i = 0; i < demands.size(); ++i) {
        wanted[i] = demands[i][r] * speed_without(demands[i], r);
      }
      const double level = fair_level(wanted);
      if (level == levels[r] || std::abs(level - levels[r]) <= settled) continue;
      levels[r] = level;
      has_moved = true;
    }
  }
  speeds.resize(demands.size());
  for (std::size_t i = 0; i < demands.size(); ++i) {
    speeds[i] = speed_without(demands[i], kSharedCount);
  }
}

}  // namespace simdse
