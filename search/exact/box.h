// Boxes of designs: an interval of values on every axis of a search space.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "search/local/search_space.h"

namespace simdse {

/// All points from `low` to `high`, both included, axis by axis.
struct Box {
  Point low;
  Point high;

  static Box whole(const SearchSpace& space);

  bool is_point() const { return low == high; }
  bool is_fixed(std::size_t axis) const { return low[axis] == high[axis]; }
  bool contains(const Point& point) const;
  /// Designs in it. Exact to 2^53, as the spaces that can be searched are smaller.
  double size() const;
  /// The lower and the upper half along an axis that is not fixed.
  std::pair<Box, Box> halves(std::size_t axis) const;
};

/// "cores.0.rows 64..128, memory.stacks 4": axes that span the whole space are left out; "all"
/// where none is left.
std::string box_text(const SearchSpace& space, const Box& box);

}  // namespace simdse
