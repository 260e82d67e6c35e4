#include "search/local/explain.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "models/base/error.h"

namespace simdse {
namespace {

/// Throughput, or 0 if the workload does not fit.
double throughput_of(const Evaluator& evaluator, const Design& design) {
  try {
    return evaluator.evaluate(evaluator.chip(design)).throughput;
  } catch (const InputError&) {
    return 0;
  }
}

}  // namespace

std::vector<Contribution> explain_difference(const SearchSpace& space, const Evaluator& evaluator,
                                             const Design& from, const Design& to) {
  std::vector<const Axis*> open;
  for (const Axis& axis : space.axes()) {
    if (value_at(from, axis.path) != value_at(to, axis.path)) open.push_back(&axis);
  }
  std::vector<Contribution> result;
  Design at = from;
  double throughput = throughput_of(evaluator, at);
  while (!open.empty()) {
    std::size_t best = 0;
    double best_throughput = -1;
    for (std::size_t i = 0; i < open.size(); ++i) {
      const Design next = with_value(at, open[i]->path, value_at(to, open[i]->path));
      const double found = throughput_of(evaluator, next);
      if (found > best_throughput) {
        best_throughput = found;
        best = i;
      }
    }
    const Axis& axis = *open[best];
    const ParamValue value = value_at(to, axis.path);
    result.push_back(
        {fmt::format("{} {} -> {}", axis.path, axis.info.format(value_at(at, axis.path)),
                     axis.info.format(value)),
         throughput > 0 ? best_throughput / throughput : 1});
    at = with_value(at, axis.path, value);
    throughput = best_throughput;
    open.erase(open.begin() + static_cast<std::ptrdiff_t>(best));
  }
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

}  // namespace simdse
