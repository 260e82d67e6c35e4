#include "search/local/explain.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "models/base/error.h"

namespace simdse {
namespace {

/// Throughput, or 0 if the workload does not fit or the parameters contradict each other.
double throughput_of(const Evaluator& evaluator, const Design& design) {
  try {
    return evaluator.evaluate(evaluator.chip(design)).throughput;
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
                                             const Design& from, const Design& to) {
  std::vector<const Axis*> open;
  for (const Axis& axis : space.axes()) {
    if (differ(axis, from, to)) open.push_back(&axis);
  }
  std::vector<Contribution> result;
  Design at = from;
  double throughput = evaluator.evaluate(evaluator.chip(from)).throughput;
  while (!open.empty()) {
    std::size_t best = 0;
    double best_throughput = 0;
    for (std::size_t i = 0; i < open.size(); ++i) {
      const Design next = with_value(at, open[i]->path, value_at(to, open[i]->path));
      const double found = throughput_of(evaluator, next);
      if (found > best_throughput) {
        best_throughput = found;
        best = i;
      }
    }
    if (best_throughput == 0) break;
    const Axis& axis = *open[best];
    const ParamValue value = value_at(to, axis.path);
    result.push_back(
        {fmt::format("{} {} -> {}", axis.path, axis.info.format(value_at(at, axis.path)),
                     axis.info.format(value)),
         best_throughput / throughput});
    at = with_value(at, axis.path, value);
    throughput = best_throughput;
    open.erase(open.begin() + static_cast<std::ptrdiff_t>(best));
  }
  const double rest = evaluator.evaluate(evaluator.chip(to)).throughput / throughput;
  if (!open.empty() || rest != 1) result.push_back({"other differences", rest});
  return result;
}

std::vector<Purchase> price_purchases(const SearchSpace& space, const Evaluator& evaluator,
                                      const Point& point) {
  const Chip chip = evaluator.chip(space.design(point));
  const double throughput = evaluator.evaluate(chip).throughput;
  std::vector<Purchase> result;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const Axis& axis = space.axes()[i];
    if (point[i] + 1 == axis.values.size()) continue;
    Point up = point;
    ++up[i];
    try {
      const Chip bigger = evaluator.chip(space.design(up));
      if (!bigger.problem().empty()) continue;
      const double gain = evaluator.evaluate(bigger).throughput / throughput - 1;
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
                                       const Point& point) {
  const double throughput = evaluator.evaluate(evaluator.chip(space.design(point))).throughput;
  std::vector<std::string> result;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const std::size_t last = space.axes()[i].values.size() - 1;
    if (last == 0) continue;
    Point low = point;
    Point high = point;
    low[i] = 0;
    high[i] = last;
    if (throughput_of(evaluator, space.design(low)) == throughput &&
        throughput_of(evaluator, space.design(high)) == throughput) {
      result.push_back(space.axes()[i].path);
    }
  }
  return result;
}

}  // namespace simdse
