#include "search/local/balance.h"

#include <fmt/core.h>

#include <algorithm>

namespace simdse {

// Near the top many designs differ in details only, and a better balance of other cores may lie a
// few per cent below.
std::vector<const Candidate*> Balance::best_of_each_size(Objective objective) const {
  constexpr std::size_t sizes = 8;
  const std::size_t wanted = std::max(sizes, book_.options().top_k);
  std::set<Point> seen;
  std::vector<const Candidate*> best;
  for (const Candidate* candidate :
       book_.ranking(objective, static_cast<std::size_t>(book_.estimated()))) {
    if (best.size() == wanted) break;
    if (seen.insert(dimensions_of(book_.space(), candidate->point)).second) {
      best.push_back(candidate);
    }
  }
  return best;
}

void Balance::climb(Objective objective) {
  for (const Candidate* at : best_of_each_size(objective)) {
    while (const Candidate* better = first_better(*at, objective)) {
      book_.log(
          "balance", better->point, "kept",
          fmt::format("{:.1f} % better in {} than {}",
                      (book_.score(*better, objective) / book_.score(*at, objective) - 1) * 100,
                      objective_name(objective), book_.full_label(at->point)),
          better->evaluation.throughput);
      at = better;
    }
  }
}

double Balance::promise(const Candidate& at, const Chip& chip, const Chip& other,
                        Objective objective) const {
  const double speed = 1 / std::max(1 - trader_.predicted_gain(at, chip, other), 0.01);
  // What is static is paid for as long as the step takes; the rest is paid for by what is done.
  const double energy = at.evaluation.energy.value();
  const double other_energy = energy - (chip.static_power() * at.evaluation.time).value() +
                              (other.static_power() * at.evaluation.time).value() / speed;
  switch (objective) {
    case Objective::throughput:
      return speed;
    case Objective::throughput_per_tdp:
      return speed * (chip.tdp() / other.tdp());
    case Objective::energy:
      return energy / other_energy;
    case Objective::energy_delay_product:
      return energy / other_energy * speed;
  }
  return 0;
}

bool Balance::may_exceed(const Point& point, Objective objective, double value) {
  if (outlook_ == nullptr) return true;
  const std::vector<Objective>& objectives = book_.options().objectives;
  const auto at = std::find(objectives.begin(), objectives.end(), objective) - objectives.begin();
  return outlook_->worths({point, point})[static_cast<std::size_t>(at)] > value;
}

const Candidate* Balance::first_better(const Candidate& at, Objective objective) {
  const double value = book_.score(at, objective);
  const Chip& chip = *book_.price(at.point).chip;
  std::vector<std::pair<double, Point>> promising;
  for (Point& neighbour : neighbours(at)) {
    const double factor = promise(at, chip, *book_.price(neighbour).chip, objective);
    // The prediction knows rates but not how well they are used, hence the allowance.
    constexpr double allowance = 0.98;
    const bool is_known = book_.price(neighbour).is_estimated;
    if (factor > allowance && (is_known || may_exceed(neighbour, objective, value))) {
      promising.emplace_back(factor, std::move(neighbour));
    } else if (!is_known && passed_by_.insert(neighbour).second) {
      book_.log("balance", neighbour, "cut",
                factor > allowance
                    ? fmt::format("by its bound no better in {} than {}", objective_name(objective),
                                  book_.full_label(at.point))
                    : fmt::format("promises only {:.1f} % of {} in {}", factor * 100,
                                  book_.full_label(at.point), objective_name(objective)),
                0);
    }
  }
  std::stable_sort(promising.begin(), promising.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [factor, neighbour] : promising) {
    const bool is_new = !book_.price(neighbour).is_estimated;
    const Candidate* found = book_.estimate(
        neighbour, "balance", fmt::format("a neighbour of {}", book_.full_label(at.point)));
    if (found == nullptr) continue;
    if (book_.score(*found, objective) > value * (1 + kLeastGain)) return found;
    if (is_new) {
      book_.log("balance", neighbour, "cut",
                fmt::format("no better in {} than {}", objective_name(objective),
                            book_.full_label(at.point)),
                found->evaluation.throughput);
    }
  }
  return nullptr;
}

void Balance::add_exchanges(const Point& up, std::size_t axis, std::vector<Point>& result) {
  for (std::size_t other = 0; other < up.size(); ++other) {
    if (other == axis || book_.space().axes()[other].role == AxisRole::dimension) continue;
    Point paid = up;
    while (paid[other] > 0 && !book_.affordable(paid)) --paid[other];
    const bool is_new = std::find(result.begin(), result.end(), paid) == result.end();
    if (is_new && book_.affordable(paid)) result.push_back(std::move(paid));
  }
}

void Balance::add_leaps(const Candidate& at, std::size_t axis, std::vector<Point>& result) {
  const Chip& chip = *book_.price(at.point).chip;
  for (std::size_t value = 0; value < book_.space().axes()[axis].values.size(); ++value) {
    Point leap = at.point;
    leap[axis] = value;
    const Known& known = book_.price(leap);
    if (value == at.point[axis] || !known.chip) continue;
    if (trader_.predicted_gain(at, chip, *known.chip) != 0) return;
    if (value + 1 == at.point[axis] || value == at.point[axis] + 1) continue;  // a single step
    if (const auto paid = trader_.sell_down(at, leap, axis)) result.push_back(*paid);
  }
}

std::vector<Point> Balance::neighbours(const Candidate& at) {
  std::vector<Point> result;
  for (std::size_t i = 0; i < at.point.size(); ++i) {
    if (at.point[i] > 0) {
      Point down = at.point;
      --down[i];
      if (book_.affordable(down)) result.push_back(down);
    }
    if (at.point[i] + 1 < book_.space().axes()[i].values.size()) {
      Point up = at.point;
      ++up[i];
      if (const auto paid = trader_.sell_down(at, up, i)) result.push_back(*paid);
      if (!book_.affordable(up)) add_exchanges(up, i, result);
    }
    if (book_.space().axes()[i].role == AxisRole::shared) add_leaps(at, i, result);
  }
  return result;
}

}  // namespace simdse
