// Times that count as equal when mappings are compared.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace simdse {

/// Times within half a percent of each other fall into one class: a tie that traffic decides.
inline std::int64_t time_class(double cycles) {
  return static_cast<std::int64_t>(std::log(std::max(cycles, 1.0)) / std::log(1.005));
}

/// Below 0, 0 or above 0, as the class of `x` is below that of `y`, the same, or above. Most times
/// are told apart without their logarithms.
inline int compare_times(double x, double y) {
  constexpr double wider_than_a_class = 1.0051;
  if (x == y) return 0;
  if (y > wider_than_a_class * std::max(x, 1.0)) return -1;
  if (x > wider_than_a_class * std::max(y, 1.0)) return 1;
  const std::int64_t x_class = time_class(x);
  const std::int64_t y_class = time_class(y);
  return x_class < y_class ? -1 : x_class > y_class ? 1 : 0;
}

}  // namespace simdse
