#include "search/local/peak_bound.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "models/base/error.h"

namespace simdse {
namespace {

/// Rounding must not make a bound too low, nor push a design at exactly the budget out of it.
constexpr double kRounding = 1 + 1e-6;

/// Axes that a block's cost and rate depend on: those below its path, e.g. "cores.0." or "memory.",
/// without the number of cores; and the clock.
std::vector<std::size_t> axes_below(const SearchSpace& space, const std::string& prefix) {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < space.axes().size(); ++i) {
    const Axis& axis = space.axes()[i];
    if (axis.role != AxisRole::count &&
        (axis.path == kClockPath || axis.path.rfind(prefix, 0) == 0)) {
      result.push_back(i);
    }
  }
  return result;
}

/// Calls `visit` with the chip at every combination of the values of `axes`, the others at their
/// first value. Combinations that contradict themselves are left out. False when nothing could be
/// learnt: there are more combinations than are worth looking at, or all were left out.
template <class Visit>
bool for_each_choice(const SearchSpace& space, const Evaluator& evaluator,
                     const std::vector<std::size_t>& axes, Visit&& visit) {
  constexpr double max_choices = 1e5;
  double choices = 1;
  for (const std::size_t axis : axes) {
    choices *= static_cast<double>(space.axes()[axis].values.size());
  }
  if (choices > max_choices) return false;
  Point point(space.axes().size(), 0);
  bool has_visited = false;
  for (;;) {
    try {
      visit(point, evaluator.chip(space.design(point)));
      has_visited = true;
    } catch (const InputError&) {
      // Parameters that contradict each other make no design.
    }
    std::size_t at = 0;
    while (at < axes.size() && ++point[axes[at]] == space.axes()[axes[at]].values.size()) {
      point[axes[at++]] = 0;
    }
    if (at == axes.size()) return has_visited;
  }
}

}  // namespace

PeakBound::PeakBound(const SearchSpace& space, const Evaluator& evaluator, const Budget& budget)
    : budget_(budget) {
  double total_macs = 0;
  std::vector<NumberFormat> formats;  // of all products
  for (const WeightedTasks& part : evaluator.parts()) {
    for (const Task& task : part.tasks->tasks) {
      for (const OperatorId op : task.operators) {
        total_macs += part.times * static_cast<double>(part.tasks->graph->work(op).macs());
      }
      const auto is_alike = [&](const NumberFormat& known) { return known == task.format; };
      if (task.contraction && std::none_of(formats.begin(), formats.end(), is_alike)) {
        formats.push_back(task.format);
      }
    }
  }
  constexpr double infinity = std::numeric_limits<double>::infinity();
  samples_per_mac_ =
      total_macs > 0 ? static_cast<double>(evaluator.batch()) / total_macs : infinity;
  // A chip lists its costs group by group, then block by block.
  std::size_t cost_at = 0;
  for (const CoreGroupConfig& config : space.base().cores) {
    const std::string prefix = fmt::format("cores.{}.", cost_at);
    const bool is_tensor = config.block.kind == "tensor_core";
    std::vector<Group>& groups = is_tensor ? tensor_groups_ : vector_groups_;
    Group group;
    group.least_count = group.most_count = static_cast<double>(config.count);
    const std::vector<std::size_t> own = axes_below(space, prefix);
    for (const std::size_t axis : own) {
      if (space.axes()[axis].role == AxisRole::dimension) group.dimensions.push_back(axis);
    }
    for (const Axis& axis : space.axes()) {
      if (axis.role != AxisRole::count || axis.path != prefix + "count") continue;
      group.least_count = static_cast<double>(std::get<std::int64_t>(axis.values.front()));
      group.most_count = static_cast<double>(std::get<std::int64_t>(axis.values.back()));
    }
    const bool is_known =
        for_each_choice(space, evaluator, own, [&](const Point& point, const Chip& chip) {
          const BlockCost& each = chip.costs()[cost_at].each;
          Core core{point, each.total_area().value(),
                    each.peak_power().value() * chip.technology().tdp_margin, 0};
          if (is_tensor) {
            const CoreRange& range = chip.tensor_groups()[groups.size()];
            const auto& model = *chip.tensor_cores()[static_cast<std::size_t>(range.first)];
            for (const NumberFormat& format : formats) {
              core.macs = std::max(core.macs, model.peak_macs_per_cycle_of(format) *
                                                  chip.clock().frequency().value());
            }
          }
          group.cores.push_back(std::move(core));
        });
    // Of what is not known the best is assumed: then nothing is cut.
    if (!is_known) {
      group.cores = {{Point(space.axes().size(), 0), 0, 0, infinity}};
      group.dimensions.clear();
    }
    groups.push_back(std::move(group));
    ++cost_at;
  }
  std::vector<const char*> blocks = {"global_buffer.", "noc.", "memory.", "dispatcher."};
  if (space.base().links) blocks.push_back("links.");
  for (const char* block : blocks) {
    double area = infinity;
    double power = infinity;
    const bool is_known = for_each_choice(
        space, evaluator, axes_below(space, block), [&](const Point&, const Chip& chip) {
          const ChipCostEntry& cost = chip.costs()[cost_at];
          area = std::min(area, cost.area().value());
          power = std::min(power, cost.peak_power().value() * chip.technology().tdp_margin);
        });
    if (is_known) {
      rest_area_ += area;
      rest_power_ += power;
    }
    ++cost_at;
  }
}

bool PeakBound::is_in(const Core& core, const Group& group, const Point& node, Scope scope) {
  return std::all_of(group.dimensions.begin(), group.dimensions.end(), [&](std::size_t axis) {
    return scope == Scope::node ? core.dimensions[axis] == node[axis]
                                : core.dimensions[axis] <= node[axis];
  });
}

double PeakBound::score(const Point& node, Scope scope, Objective objective,
                        const ThroughputFloor& floor) const {
  double rest_area = rest_area_;
  double rest_power = rest_power_;
  for (const Group& group : vector_groups_) {
    double area = std::numeric_limits<double>::infinity();
    double power = area;
    for (const Core& core : group.cores) {
      if (!is_in(core, group, node, scope)) continue;
      area = std::min(area, core.area);
      power = std::min(power, core.power);
    }
    rest_area += group.least_count * area;
    rest_power += group.least_count * power;
  }
  const double free_area = budget_.area.value() * kRounding - rest_area;
  const double free_power = budget_.power.value() * kRounding - rest_power;
  double throughput = 0;
  double worth = 0;
  for (const Group& group : tensor_groups_) {
    double most = 0;
    double thriftiest = 0;
    for (const Core& core : group.cores) {
      if (!is_in(core, group, node, scope)) continue;
      double count = group.most_count;
      if (core.area > 0) count = std::min(count, std::floor(free_area / core.area));
      if (core.power > 0) count = std::min(count, std::floor(free_power / core.power));
      if (count < group.least_count) continue;
      const double rate = count * core.macs * samples_per_mac_;
      most = std::max(most, rate);
      // The more cores share the power of the rest, the less falls to each.
      thriftiest = std::max(thriftiest, rate / (rest_power + count * core.power));
    }
    throughput += most;
    worth += thriftiest;
  }
  throughput *= kRounding;
  if (!floor.allows(objective, throughput)) return 0;
  if (objective == Objective::throughput) return throughput;
  if (objective == Objective::throughput_per_tdp) return worth * kRounding;
  return std::numeric_limits<double>::infinity();
}

}  // namespace simdse
