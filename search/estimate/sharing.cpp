#include "search/estimate/sharing.h"

#include <algorithm>

namespace simdse {
namespace {

/// The level at which demands are cut off so that they sum to 1: demands below it are met in full.
double fair_level(std::vector<double> demands) {
  std::sort(demands.begin(), demands.end());
  double left = 1;
  for (std::size_t i = 0; i < demands.size(); ++i) {
    const double equal = left / static_cast<double>(demands.size() - i);
    if (demands[i] > equal) return equal;
    left -= demands[i];
  }
  return 1;
}

}  // namespace

void share_speeds(const std::vector<Demand>& demands, std::vector<double>& speeds) {
  speeds.assign(demands.size(), 1);
  std::vector<double> wanted(demands.size());
  for (std::size_t r = 0; r < kSharedCount; ++r) {
    // A region slowed down by one resource asks for less of the next.
    double total = 0;
    for (std::size_t i = 0; i < demands.size(); ++i) {
      wanted[i] = demands[i][r] * speeds[i];
      total += wanted[i];
    }
    if (total <= 1) continue;
    const double level = fair_level(wanted);
    for (std::size_t i = 0; i < demands.size(); ++i) {
      if (wanted[i] > level) speeds[i] *= level / wanted[i];
    }
  }
}

}  // namespace simdse
