#include "search/exact/box.h"

#include <fmt/core.h>

namespace simdse {

Box Box::whole(const SearchSpace& space) {
  Box box;
  for (const Axis& axis : space.axes()) {
    box.low.push_back(0);
    box.high.push_back(axis.values.size() - 1);
  }
  return box;
}

bool Box::contains(const Point& point) const {
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (point[i] < low[i] || point[i] > high[i]) return false;
  }
  return true;
}

double Box::size() const {
  double designs = 1;
  for (std::size_t i = 0; i < low.size(); ++i) designs *= static_cast<double>(high[i] - low[i] + 1);
  return designs;
}

std::pair<Box, Box> Box::halves(std::size_t axis) const {
  Box lower = *this;
  Box upper = *this;
  lower.high[axis] = low[axis] + (high[axis] - low[axis]) / 2;
  upper.low[axis] = lower.high[axis] + 1;
  return {std::move(lower), std::move(upper)};
}

std::string box_text(const SearchSpace& space, const Box& box) {
  std::string text;
  for (std::size_t i = 0; i < space.axes().size(); ++i) {
    const Axis& axis = space.axes()[i];
    if (box.low[i] == 0 && box.high[i] + 1 == axis.values.size() && !box.is_fixed(i)) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", axis.path,
                        axis.info.format(axis.values[box.low[i]]));
    if (!box.is_fixed(i)) text += ".." + axis.info.format(axis.values[box.high[i]]);
  }
  return text.empty() ? "all" : text;
}

}  // namespace simdse
