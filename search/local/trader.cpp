#include "search/local/trader.h"

#include <algorithm>
#include <array>

namespace simdse {
namespace {

/// Share of the time that critical operators would wait less for a free core if those of `to`
/// shared the waiting that there was on `from`. The chain does not see this where the operator in
/// the way is bound by something else than its core.
double conflict_gain(const Candidate& from, const Price& from_price, const Price& to) {
  const auto saved = [](Seconds conflict, std::size_t before, std::size_t after) {
    return conflict.value() * (1 - static_cast<double>(before) / static_cast<double>(after));
  };
  const Evaluation& e = from.evaluation;
  return (saved(e.tensor_conflict, from_price.tensor_cores, to.tensor_cores) +
          saved(e.vector_conflict, from_price.vector_cores, to.vector_cores)) /
         e.time.value();
}

using Rates = std::array<double, kResourceCount>;

/// Data and arithmetic rates of a design by resource.
Rates rates_of(const Price& price) {
  const ChipRates& rates = price.rates;
  Rates result{};
  result[static_cast<int>(Resource::matrix)] = price.macs;
  result[static_cast<int>(Resource::vector)] = price.vector_operations;
  result[static_cast<int>(Resource::port)] =
      rates.port * static_cast<double>(price.tensor_cores + price.vector_cores);
  result[static_cast<int>(Resource::network)] = rates.network_buffer + rates.network_memory;
  result[static_cast<int>(Resource::buffer)] = rates.buffer;
  result[static_cast<int>(Resource::memory)] = rates.memory;
  return result;
}

}  // namespace

double Trader::predicted_gain(const Candidate& from, const Price& from_price,
                              const Price& to) const {
  const Rates old_rates = rates_of(from_price);
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
  after *= from_price.frequency / to.frequency;
  return 1 - after / before;
}

std::optional<std::size_t> Trader::best_purchase(const Point& at, const Candidate& from,
                                                 const std::set<std::size_t>& exhausted) {
  const Budget& budget = book_.options().budget;
  const Price& price = book_.price(at);
  std::optional<std::size_t> best;
  double best_value = 0;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const Axis& axis = book_.space().axes()[i];
    if (axis.role == AxisRole::dimension || at[i] + 1 == axis.values.size()) continue;
    if (exhausted.count(i) != 0) continue;
    Point next = at;
    ++next[i];
    if (!book_.affordable(next)) continue;
    const Price& bigger = book_.price(next);
    const double gain =
        std::max(predicted_gain(from, price, bigger), conflict_gain(from, price, bigger));
    if (gain < kLeastGain) continue;
    const double cost = std::max(bigger.share_of(budget) - price.share_of(budget), 1e-6);
    if (gain / cost > best_value) {
      best_value = gain / cost;
      best = i;
    }
  }
  return best;
}

std::optional<Point> Trader::sell_down(const Candidate& from, Point point, std::size_t keep) {
  const Budget& budget = book_.options().budget;
  const Price& price = book_.price(from.point);
  while (!book_.affordable(point)) {
    const Price& over = book_.price(point);
    if (!over.is_chip) return std::nullopt;
    const double share = over.share_of(budget);
    std::optional<Point> best;
    double best_value = 0;
    for (std::size_t i = 0; i < point.size(); ++i) {
      const Axis& axis = book_.space().axes()[i];
      if (i == keep || point[i] == 0 || axis.role == AxisRole::dimension) continue;
      Point down = point;
      --down[i];
      const Price& cheaper = book_.price(down);
      if (!cheaper.is_chip) continue;
      const double freed = share - cheaper.share_of(budget);
      if (freed <= 0) continue;
      const double speed = 1 / std::max(1 - predicted_gain(from, price, cheaper), 0.01);
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
