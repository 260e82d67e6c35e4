#include "search/mapping/splits.h"

namespace simdse {

std::vector<Split> axis_splits(std::int64_t parts) {
  if (parts == 1) return {Split{}};
  return {{parts, 1, 1, 1}, {1, parts, 1, 1}, {1, 1, parts, 1}, {1, 1, 1, parts}};
}

std::vector<Split> grid_splits(std::int64_t parts) {
  std::vector<Split> grids;
  for (std::int64_t p = 2; p * 2 <= parts; ++p) {
    if (parts % p != 0) continue;
    const std::int64_t q = parts / p;
    grids.push_back({p, q, 1, 1});
    grids.push_back({p, 1, q, 1});
    grids.push_back({1, p, q, 1});
  }
  return grids;
}

std::vector<Split> splits_over(std::int64_t parts) {
  std::vector<Split> all = axis_splits(parts);
  for (const Split& grid : grid_splits(parts)) all.push_back(grid);
  return all;
}

}  // namespace simdse
