#include "search/local/balance.h"

#include <fmt/core.h>

#include <algorithm>

namespace simdse {
namespace {

/// The prediction knows rates but not how well they are used.
constexpr double kAllowance = 0.95;

}  // namespace

void Balance::climb(Objective objective) {
  std::map<Point, Neighbour> open;
  std::set<Point> expanded;
  for (const Candidate* at = next_to_expand(objective, expanded); at != nullptr;
       at = next_to_expand(objective, expanded)) {
    if (expanded.empty()) scout(*at, objective);
    expanded.insert(at->point);
    add_neighbours(*at, objective, open);
    while (try_most_hopeful(objective, open)) {
    }
  }
  if (open.empty()) return;
  const double best = book_.score(*book_.ranking(objective, 1).front(), objective);
  for (const auto& [point, neighbour] : open) {
    if (!passed_by_.insert(point).second) continue;
    book_.log(
        "balance", point, "cut",
        fmt::format("no more than {:.1f} % of the best found in {} may be hoped of it",
                    hope(point, neighbour, objective) / best * 100, objective_name(objective)),
        0);
  }
}

void Balance::scout(const Candidate& at, Objective objective) {
  std::vector<Point> leaps;
  for (std::size_t i = 0; i < at.point.size(); ++i) {
    if (book_.space().axes()[i].role == AxisRole::shared) add_leaps(at, i, leaps);
  }
  for (const Point& leap : leaps) {
    book_.estimate(leap, "balance",
                   fmt::format("what an axis that no rate depends on is worth beside {}",
                               book_.full_label(at.point)));
  }
  if (outlook_ == nullptr) return;
  const double least = kAllowance * book_.score(at, objective);
  for (const Point& point : pairs(at)) {
    if (hope(point, {}, objective) <= least) continue;
    book_.estimate(point, "balance",
                   fmt::format("what a vector core for every tensor core is worth beside {}",
                               book_.full_label(at.point)));
  }
}

const Candidate* Balance::next_to_expand(Objective objective,
                                         const std::set<Point>& expanded) const {
  // Near the top many designs differ in details only.
  constexpr std::size_t starts = 8;
  for (const Candidate* candidate :
       book_.ranking(objective, std::max(starts, book_.options().top_k))) {
    if (expanded.count(candidate->point) == 0) return candidate;
  }
  return nullptr;
}

bool Balance::try_most_hopeful(Objective objective, std::map<Point, Neighbour>& open) {
  const std::size_t last = std::max<std::size_t>(book_.options().top_k, 1);
  const std::vector<const Candidate*> ranking = book_.ranking(objective, last);
  const double best = book_.score(*ranking.front(), objective);
  double most = book_.score(*ranking.back(), objective);
  auto next = open.end();
  for (auto at = open.begin(); at != open.end(); ++at) {
    const double expected = hope(at->first, at->second, objective);
    if (expected <= most) continue;
    most = expected;
    next = at;
  }
  if (next == open.end()) return false;
  const auto [point, neighbour] = *next;
  open.erase(next);
  const Candidate* found = book_.estimate(
      point, "balance", fmt::format("a neighbour of {}", book_.full_label(neighbour.of)));
  if (found == nullptr) return true;
  const double score = book_.score(*found, objective);
  const bool is_better = score > best * (1 + kLeastGain);
  book_.log("balance", point, is_better ? "kept" : "cut",
            fmt::format("{:+.1f} % in {} beside the best so far", (score / best - 1) * 100,
                        objective_name(objective)),
            found->evaluation.throughput);
  return !is_better;
}

double Balance::hope(const Point& point, const Neighbour& neighbour, Objective objective) {
  if (outlook_ == nullptr) return neighbour.promised;
  const std::vector<Objective>& objectives = book_.options().objectives;
  const auto at = std::find(objectives.begin(), objectives.end(), objective) - objectives.begin();
  return outlook_->hope(point)[static_cast<std::size_t>(at)];
}

double Balance::promise(const Candidate& at, const Price& price, const Price& other,
                        Objective objective) const {
  const double speed = 1 / std::max(1 - trader_.predicted_gain(at, price, other), 0.01);
  // What is static is paid for as long as the step takes; the rest is paid for by what is done.
  const double energy = at.evaluation.energy.value();
  const double other_energy = energy - (price.static_power * at.evaluation.time).value() +
                              (other.static_power * at.evaluation.time).value() / speed;
  switch (objective) {
    case Objective::throughput:
      return speed;
    case Objective::throughput_per_tdp:
      return speed * (price.tdp / other.tdp);
    case Objective::energy:
      return energy / other_energy;
    case Objective::energy_delay_product:
      return energy / other_energy * speed;
  }
  return 0;
}

void Balance::add_neighbours(const Candidate& at, Objective objective,
                             std::map<Point, Neighbour>& open) {
  const double value = book_.score(at, objective);
  const Price& price = book_.price(at.point);
  for (const Point& point : neighbours(at)) {
    if (book_.is_estimated(point)) continue;
    const double factor = promise(at, price, book_.price(point), objective);
    if (factor > kAllowance) {
      // Without bounds it has the benefit of the doubt.
      Neighbour& neighbour = open.try_emplace(point, Neighbour{at.point, 0}).first->second;
      neighbour.promised = std::max(neighbour.promised, value * factor / kAllowance);
    } else if (open.count(point) == 0 && passed_by_.insert(point).second) {
      book_.log("balance", point, "cut",
                fmt::format("promises only {:.1f} % of {} in {}", factor * 100,
                            book_.full_label(at.point), objective_name(objective)),
                0);
    }
  }
}

void Balance::add_exchanges(const Point& up, std::size_t axis, std::vector<Point>& result) {
  for (std::size_t other = 0; other < up.size(); ++other) {
    if (other == axis) continue;
    // Where bounds tell the good ones from the others, cores may change their shape as well.
    const bool is_dimension = book_.space().axes()[other].role == AxisRole::dimension;
    if (is_dimension && outlook_ == nullptr) continue;
    Point paid = up;
    if (outlook_ != nullptr && paid[other] > 0) --paid[other];
    while (paid[other] > 0 && !book_.affordable(paid)) --paid[other];
    const bool is_new = std::find(result.begin(), result.end(), paid) == result.end();
    if (is_new && book_.affordable(paid)) result.push_back(std::move(paid));
  }
}

std::vector<Point> Balance::pairs(const Candidate& at) {
  std::vector<Point> result;
  for (std::size_t i = 0; i < at.point.size(); ++i) {
    const Axis& axis = book_.space().axes()[i];
    if (axis.role != AxisRole::count) continue;
    for (std::size_t value = 0; value < axis.values.size(); ++value) {
      Point point = at.point;
      point[i] = value;
      const Price& price = book_.price(point);
      if (value == at.point[i] || !price.is_chip) continue;
      if (price.tensor_cores != price.vector_cores) continue;
      if (book_.affordable(point)) result.push_back(point);
      add_exchanges(point, i, result);
    }
  }
  return result;
}

void Balance::add_leaps(const Candidate& at, std::size_t axis, std::vector<Point>& result) {
  const Price& price = book_.price(at.point);
  for (std::size_t value = 0; value < book_.space().axes()[axis].values.size(); ++value) {
    Point leap = at.point;
    leap[axis] = value;
    const Price& other = book_.price(leap);
    if (value == at.point[axis] || !other.is_chip) continue;
    if (trader_.predicted_gain(at, price, other) != 0) return;
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
      if (outlook_ != nullptr || !book_.affordable(up)) add_exchanges(up, i, result);
    }
    if (book_.space().axes()[i].role == AxisRole::shared) add_leaps(at, i, result);
  }
  return result;
}

}  // namespace simdse
