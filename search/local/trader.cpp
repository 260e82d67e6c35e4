#include "search/local/trader.h"

#include <algorithm>

namespace simdse {
namespace {

/// Share of the time that critical operators would wait less for a free core if those of `to`
/// shared the waiting that there was on `from`. The chain does not see this where the operator in
/// the way is bound by something else than its core.
double conflict_gain(const Candidate& from, const Chip& from_chip, const Chip& to) {
  const auto saved = [](Seconds conflict, std::size_t before, std::size_t after) {
    return conflict.value() * (1 - static_cast<double>(before) / static_cast<double>(after));
  };
  const Evaluation& e = from.evaluation;
  return (saved(e.tensor_conflict, from_chip.tensor_cores().size(), to.tensor_cores().size()) +
          saved(e.vector_conflict, from_chip.vector_cores().size(), to.vector_cores().size())) /
         e.time.value();
}

}  // namespace

Trader::Rates Trader::rates_of(const Chip& chip) const {
  const ChipRates rates = ChipRates::of(chip);
  Rates result{};
  for (const auto& core : chip.tensor_cores()) {
    result[static_cast<int>(Resource::matrix)] += core->peak_macs_per_cycle_of(format_);
  }
  for (const auto& core : chip.vector_cores()) {
    result[static_cast<int>(Resource::vector)] +=
        static_cast<double>(core->peak_operations_per_cycle());
  }
  result[static_cast<int>(Resource::port)] = rates.port * static_cast<double>(chip.core_count());
  result[static_cast<int>(Resource::network)] = rates.network_buffer + rates.network_memory;
  result[static_cast<int>(Resource::buffer)] = rates.buffer;
  result[static_cast<int>(Resource::memory)] = rates.memory;
  return result;
}

double Trader::predicted_gain(const Candidate& from, const Chip& from_chip, const Chip& to) const {
  const Rates old_rates = rates_of(from_chip);
  const Rates new_rates = rates_of(to);
  Rates ratio{};
  for (std::size_t i = 0; i < kResourceCount; ++i) {
    ratio[i] = new_rates[i] > 0 ? old_rates[i] / new_rates[i] : 1;
  }
  double before = 0;
  double after = 0;
  for (const ChainLink& link : from.evaluation.chain) {
    double slowest_before = 0;
    double slowest_after = 0;
    for (std::size_t i = 0; i < kResourceCount; ++i) {
      slowest_before = std::max(slowest_before, link.bounds[i]);
      slowest_after = std::max(slowest_after, link.bounds[i] * ratio[i]);
    }
    before += link.count * (link.other + slowest_before);
    after += link.count * (link.other + slowest_after);
  }
  // Both are cycles of their own clock.
  after *= from_chip.clock().frequency() / to.clock().frequency();
  return 1 - after / before;
}

std::optional<std::size_t> Trader::best_purchase(const Point& at, const Candidate& from,
                                                 const std::set<std::size_t>& exhausted) {
  const Budget& budget = book_.options().budget;
  const Chip& chip = *book_.price(at).chip;
  std::optional<std::size_t> best;
  double best_value = 0;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const Axis& axis = book_.space().axes()[i];
    if (axis.role == AxisRole::dimension || at[i] + 1 == axis.values.size()) continue;
    if (exhausted.count(i) != 0) continue;
    Point next = at;
    ++next[i];
    if (!book_.affordable(next)) continue;
    const Chip& bigger = *book_.price(next).chip;
    const double gain =
        std::max(predicted_gain(from, chip, bigger), conflict_gain(from, chip, bigger));
    if (gain < kLeastGain) continue;
    const double cost = std::max(budget_share(bigger, budget) - budget_share(chip, budget), 1e-6);
    if (gain / cost > best_value) {
      best_value = gain / cost;
      best = i;
    }
  }
  return best;
}

std::optional<Point> Trader::sell_down(const Candidate& from, Point point, std::size_t keep) {
  const Budget& budget = book_.options().budget;
  const Chip& chip = *book_.price(from.point).chip;
  while (!book_.affordable(point)) {
    const Known& over = book_.price(point);
    if (!over.chip) return std::nullopt;
    const double share = budget_share(*over.chip, budget);
    std::optional<Point> best;
    double best_value = 0;
    for (std::size_t i = 0; i < point.size(); ++i) {
      const Axis& axis = book_.space().axes()[i];
      if (i == keep || point[i] == 0 || axis.role == AxisRole::dimension) continue;
      Point down = point;
      --down[i];
      const Known& cheaper = book_.price(down);
      if (!cheaper.chip) continue;
      const double freed = share - budget_share(*cheaper.chip, budget);
      if (freed <= 0) continue;
      const double speed = 1 / std::max(1 - predicted_gain(from, chip, *cheaper.chip), 0.01);
      // Of equal speed, what frees more goes first.
      const double value = speed + 1e-3 * freed;
      if (!best || value > best_value) {
        best = down;
        best_value = value;
      }
    }
    if (!best) return std::nullopt;
    point = std::move(*best);
  }
  return point;
}

}  // namespace simdse
