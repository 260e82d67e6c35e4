#include "search/exact/outlook.h"

#include <algorithm>
#include <cmath>
#include <queue>

namespace simdse {

Outlook::Outlook(DesignBook& book, BoxBound& bound)
    : book_(book), bound_(bound), shares_(book.space()) {
  const std::vector<Objective>& objectives = book.options().objectives;
  needs_energy_ = std::any_of(objectives.begin(), objectives.end(), [](Objective objective) {
    return objective == Objective::energy || objective == Objective::energy_delay_product;
  });
}

bool Outlook::is_affordable(const Point& corner) {
  const Price& price = book_.prices()->price(corner);
  return !price.is_chip || book_.options().budget.allows(price.area, price.tdp);
}

bool Outlook::draw_in(Box& box) {
  // What counts as a dimension may be cheaper further up: a box is only drawn in along the others.
  if (!bound_.is_cell(box)) return true;
  if (!is_affordable(box.low)) return false;
  for (std::size_t i = 0; i < box.low.size(); ++i) {
    Point corner = box.low;
    std::size_t fits = box.low[i];
    std::size_t above = box.high[i] + 1;
    while (above - fits > 1) {
      corner[i] = fits + (above - fits) / 2;
      (is_affordable(corner) ? fits : above) = corner[i];
    }
    box.high[i] = fits;
  }
  return true;
}

std::vector<double> Outlook::worths(const Box& box) {
  const BoxFigures figures = bound_.figures(box, needs_energy_);
  const auto batch = static_cast<double>(book_.evaluator().batch());
  std::vector<double> result;
  for (const Objective objective : book_.options().objectives) {
    result.push_back(figures.worth(objective, book_.options().throughput_floor, batch));
  }
  return result;
}

const std::vector<double>& Outlook::bounds(const Point& point) {
  const auto [entry, is_new] = bounds_.try_emplace(point);
  if (!is_new) return entry->second;
  const BoxFigures figures = bound_.figures({point, point}, needs_energy_);
  const auto batch = static_cast<double>(book_.evaluator().batch());
  for (const Objective objective : book_.options().objectives) {
    entry->second.push_back(figures.worth(objective, book_.options().throughput_floor, batch));
  }
  entry->second.push_back(figures.worth(Objective::throughput, {}, batch));
  return entry->second;
}

void Outlook::learn() {
  while (shares_.observations() < book_.candidates().size()) {
    const Candidate& candidate = *book_.candidates()[shares_.observations()];
    std::vector<double> shares = bounds(candidate.point);
    const std::vector<Objective>& objectives = book_.options().objectives;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      const double achieved = i < objectives.size() ? worth(objectives[i], candidate.evaluation)
                                                    : candidate.evaluation.throughput;
      shares[i] = shares[i] > 0 ? achieved / shares[i] : 1;
    }
    shares_.observe(candidate.point, shares);
  }
}

std::vector<double> Outlook::hope(const Point& point) {
  std::vector<double> hopes = all_hopes(point);
  hopes.pop_back();
  return hopes;
}

double Outlook::hope_of_throughput(const Point& point) { return all_hopes(point).back(); }

std::vector<double> Outlook::all_hopes(const Point& point) {
  learn();
  const std::vector<double>& most = bounds(point);
  std::vector<double> result = shares_.hope(point, most.size());
  // Nothing exceeds its bound.
  for (std::size_t i = 0; i < most.size(); ++i)
    result[i] = most[i] * std::clamp(result[i], 0.0, 1.0);
  return result;
}

Point Outlook::most_hopeful(Point start) {
  const std::vector<Axis>& axes = book_.space().axes();
  double best = hope(start).front();
  for (bool has_moved = true; has_moved;) {
    has_moved = false;
    std::vector<Point> steps;
    for (std::size_t i = 0; i < start.size(); ++i) {
      if (axes[i].role == AxisRole::dimension) continue;
      if (start[i] > 0) {
        steps.push_back(start);
        --steps.back()[i];
      }
      if (start[i] + 1 == axes[i].values.size()) continue;
      Point up = start;
      ++up[i];
      steps.push_back(up);
      if (book_.affordable(up)) continue;
      for (std::size_t j = 0; j < start.size(); ++j) {
        if (j == i || axes[j].role == AxisRole::dimension) continue;
        steps.push_back(up);
        while (steps.back()[j] > 0 && !book_.affordable(steps.back())) --steps.back()[j];
      }
    }
    Point next = start;
    for (Point& step : steps) {
      if (!book_.affordable(step)) continue;
      const double worth = hope(step).front();
      if (worth <= best * (1 + 1e-6)) continue;
      best = worth;
      next = std::move(step);
      has_moved = true;
    }
    start = std::move(next);
  }
  return start;
}

bool Outlook::can_matter(const std::vector<double>& worths, const std::vector<double>& least) {
  for (std::size_t i = 0; i < worths.size(); ++i) {
    if (worths[i] > 0 && worths[i] > least[i]) return true;
  }
  return false;
}

std::size_t Outlook::widest_axis(const Box& box) const {
  std::size_t widest = 0;
  double most = 0;
  for (std::size_t i = 0; i < box.low.size(); ++i) {
    if (box.is_fixed(i)) continue;
    // Dimensions first: only then is there a bound.
    const double width =
        static_cast<double>(box.high[i] + 1) / static_cast<double>(box.low[i] + 1) +
        (bound_.is_dimension()[i] ? 1e6 : 0);
    if (width <= most) continue;
    most = width;
    widest = i;
  }
  return widest;
}

std::optional<Box> Outlook::box_of(const Point& point) {
  const SearchSpace& space = book_.space();
  Box box = Box::whole(space);
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (space.axes()[i].role == AxisRole::dimension) box.low[i] = box.high[i] = point[i];
  }
  if (!draw_in(box)) return std::nullopt;
  return box;
}

std::optional<Point> Outlook::most_promising(const Box& box, int nodes) {
  using Promise = std::pair<double, Box>;
  const auto is_less = [](const Promise& a, const Promise& b) { return a.first < b.first; };
  std::priority_queue<Promise, std::vector<Promise>, decltype(is_less)> open(is_less);
  open.push({0, box});
  while (!open.empty()) {
    const Box top = open.top().second;
    open.pop();
    if (top.is_point() || nodes <= 0) {
      // Costs are within the budget, but it may still be no chip.
      if (book_.affordable(top.low)) return top.low;
      continue;
    }
    auto [lower, upper] = top.halves(widest_axis(top));
    for (Box* half : {&upper, &lower}) {
      --nodes;
      if (draw_in(*half)) open.push({worths(*half).front(), std::move(*half)});
    }
  }
  return std::nullopt;
}

}  // namespace simdse
