#include <algorithm>
#include <cmath>
#include <set>

#include "search/baselines/rivals.h"

namespace simdse {
namespace {

constexpr double kMostDesigns = 200'000;
constexpr double kBucket = 0.01;  // mm2

/// Indexes of each axis that the sweep takes.
using Grid = std::vector<std::vector<std::size_t>>;

double size_of(const Grid& grid) {
  double size = 1;
  for (const auto& axis : grid) size *= static_cast<double>(axis.size());
  return size;
}

/// Numbers that are powers of two; may be none.
std::vector<std::size_t> powers_of_two(const Axis& axis) {
  std::vector<std::size_t> indexes;
  for (std::size_t i = 0; i < axis.values.size(); ++i) {
    const auto* value = std::get_if<std::int64_t>(&axis.values[i]);
    if (value != nullptr && *value > 0 && (*value & (*value - 1)) == 0) indexes.push_back(i);
  }
  return indexes;
}

Grid grid_of(const SearchSpace& space) {
  Grid grid;
  for (const Axis& axis : space.axes()) {
    std::vector<std::size_t> all(axis.values.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    grid.push_back(std::move(all));
  }
  for (std::size_t i = 0; i < grid.size() && size_of(grid) > kMostDesigns; ++i) {
    const Axis& axis = space.axes()[i];
    if (axis.role != AxisRole::count) continue;
    std::vector<std::size_t> coarse = powers_of_two(axis);
    if (!coarse.empty()) grid[i] = std::move(coarse);
  }
  const Point base = space.base_point();
  for (std::size_t i = grid.size(); i-- > 0 && size_of(grid) > kMostDesigns;) {
    const Axis& axis = space.axes()[i];
    if (axis.role == AxisRole::shared && axis.path != "global_buffer.capacity") {
      grid[i] = {base[i]};
    }
  }
  return grid;
}

/// The grid's points, the largest of everything first.
std::vector<Point> points_of(const Grid& grid, Random& random) {
  std::vector<Point> points;
  if (size_of(grid) > kMostDesigns) {
    std::set<Point> drawn;
    while (static_cast<double>(drawn.size()) < kMostDesigns) {
      Point point;
      for (const auto& axis : grid) point.push_back(axis[random.below(axis.size())]);
      drawn.insert(std::move(point));
    }
    points.assign(drawn.rbegin(), drawn.rend());
    return points;
  }
  std::vector<std::size_t> at;
  for (const auto& axis : grid) at.push_back(axis.size() - 1);
  for (bool has_more = true; has_more;) {
    Point point;
    for (std::size_t i = 0; i < grid.size(); ++i) point.push_back(grid[i][at[i]]);
    points.push_back(std::move(point));
    has_more = false;
    for (std::size_t i = grid.size(); i-- > 0 && !has_more;) {
      has_more = at[i] > 0;
      at[i] = has_more ? at[i] - 1 : grid[i].size() - 1;
    }
  }
  return points;
}

}  // namespace

void sweep_area_buckets(CountedEvaluator& counted, std::uint64_t) {
  Random random(0);  // the sweep is the same for every seed
  std::vector<std::pair<std::int64_t, Point>> ordered;
  for (Point& point : points_of(grid_of(counted.space()), random)) {
    if (counted.options().is_interrupted && counted.options().is_interrupted()) return;
    const std::optional<Area> area = counted.area(point);
    if (!area) continue;
    ordered.emplace_back(static_cast<std::int64_t>(area->value() / kBucket), std::move(point));
  }
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [bucket, point] : ordered) {
    if (counted.is_spent()) return;
    counted.fitness(point);
  }
}

}  // namespace simdse
