#include "search/local/explain.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "models/base/error.h"

namespace simdse {
namespace {

/// Worth, or 0 if the workload does not fit or the parameters contradict each other.
double worth_or_none(const Evaluator& evaluator, const Design& design, Objective objective) {
  try {
    return worth(objective, evaluator.evaluate(evaluator.chip(design)));
  } catch (const InputError&) {
    return 0;
  }
}

/// True if both designs have this axis, and differ on it.
bool differ(const Axis& axis, const Design& a, const Design& b) {
  try {
    return value_at(a, axis.path) != value_at(b, axis.path);
  } catch (const InputError&) {
    return false;  // one has a block of another type there
  }
}

}  // namespace

std::vector<Contribution> explain_difference(const SearchSpace& space, const Evaluator& evaluator,
                                             const Design& from, const Design& to,
                                             Objective objective) {
  std::vector<const Axis*> open;
  for (const Axis& axis : space.axes()) {
    if (differ(axis, from, to)) open.push_back(&axis);
  }
  std::vector<Contribution> result;
  Design at = from;
  double value = worth(objective, evaluator.evaluate(evaluator.chip(from)));
  while (!open.empty()) {
    std::size_t best = 0;
    double best_value = 0;
    for (std::size_t i = 0; i < open.size(); ++i) {
      const Design next = with_value(at, open[i]->path, value_at(to, open[i]->path));
      const double found = worth_or_none(evaluator, next, objective);
      if (found > best_value) {
        best_value = found;
        best = i;
      }
    }
    if (best_value == 0) break;
    const Axis& axis = *open[best];
    const ParamValue changed = value_at(to, axis.path);
    result.push_back(
        {fmt::format("{} {} -> {}", axis.path, axis.info.format(value_at(at, axis.path)),
                     axis.info.format(changed)),
         best_value / value});
    at = with_value(at, axis.path, changed);
    value = best_value;
    open.erase(open.begin() + static_cast<std::ptrdiff_t>(best));
  }
  const double rest = worth(objective, evaluator.evaluate(evaluator.chip(to))) / value;
  if (!open.empty() || rest != 1) result.push_back({"other differences", rest});
  return result;
}

std::vector<Purchase> price_purchases(const SearchSpace& space, const Evaluator& evaluator,
                                      const Point& point, Objective objective) {
  const Chip chip = evaluator.chip(space.design(point));
  const double value = worth(objective, evaluator.evaluate(chip));
  std::vector<Purchase> result;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const Axis& axis = space.axes()[i];
    if (point[i] + 1 == axis.values.size()) continue;
    Point up = point;
    ++up[i];
    try {
      const Chip bigger = evaluator.chip(space.design(up));
      if (!bigger.problem().empty()) continue;
      const double gain = worth(objective, evaluator.evaluate(bigger)) / value - 1;
      result.push_back({axis.path, axis.info.format(axis.values[up[i]]), gain,
                        bigger.area() - chip.area(), bigger.tdp() - chip.tdp()});
    } catch (const InputError&) {
      // A step to parameters that contradict each other is none.
    }
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const Purchase& a, const Purchase& b) { return a.gain > b.gain; });
  return result;
}

std::vector<std::string> unmoving_axes(const SearchSpace& space, const Evaluator& evaluator,
                                       const Point& point, Objective objective) {
  const double value = worth(objective, evaluator.evaluate(evaluator.chip(space.design(point))));
  std::vector<std::string> result;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const std::size_t last = space.axes()[i].values.size() - 1;
    if (last == 0) continue;
    Point low = point;
    Point high = point;
    low[i] = 0;
    high[i] = last;
    if (worth_or_none(evaluator, space.design(low), objective) == value &&
        worth_or_none(evaluator, space.design(high), objective) == value) {
      result.push_back(space.axes()[i].path);
    }
  }
  return result;
}

}  // namespace simdse
