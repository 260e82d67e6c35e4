#include "search/local/design_book.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "models/base/error.h"

namespace simdse {

Known& DesignBook::priced(const Point& point) {
  const auto [entry, is_new] = known_.try_emplace(point);
  Known& known = entry->second;
  if (!is_new) return known;
  known.price = &prices_->price(point);
  known.in_budget = known.price->is_allowed(options_.budget);
  if (known.price->has_failed) fail("price", point, known.price->problem);
  return known;
}

const Candidate* DesignBook::estimate(const Point& point, const char* phase,
                                      const std::string& reason) {
  Known& known = priced(point);
  if (known.is_estimated || !known.in_budget) {
    return known.candidate ? &*known.candidate : nullptr;
  }
  stop_if_interrupted();
  if (evaluations_are_spent()) throw EvaluationsSpent();
  known.is_estimated = true;
  ++result_.designs_estimated;
  if (progress_) progress_(result_.designs_estimated);
  const Chip chip = evaluator_.chip(space_.design(point));
  try {
    Candidate candidate{point, chip.design(), chip.label(), evaluator_.evaluate(chip)};
    candidate.design.name = candidate.label;
    known.candidate = std::make_unique<Candidate>(std::move(candidate));
    candidates_.push_back(&*known.candidate);
    log(phase, point, "estimated", reason, known.candidate->evaluation.throughput);
  } catch (const PluginFailure& failure) {
    fail(phase, point, failure.what());
  } catch (const InputError& problem) {
    log(phase, point, "does_not_fit", problem.what(), 0);
    last_misfit_ = problem.what();
  }
  return known.candidate ? &*known.candidate : nullptr;
}

void DesignBook::fail(const char* phase, const Point& point, const std::string& reason) {
  log(phase, point, "failed", reason, 0);
  result_.failed.push_back({result_.audit.back().design, reason});
}

void DesignBook::log(const char* phase, const Point& point, const char* verdict, std::string reason,
                     double throughput) {
  result_.audit.push_back({static_cast<std::int64_t>(result_.audit.size()), phase,
                           full_label(point), verdict, std::move(reason), throughput});
}

void DesignBook::log_box(std::string box, const char* verdict, std::string reason, double designs,
                         double most_throughput) {
  result_.audit.push_back({static_cast<std::int64_t>(result_.audit.size()), "exact", std::move(box),
                           verdict, std::move(reason), most_throughput, designs});
}

std::string DesignBook::full_label(const Point& point) {
  const Known& known = priced(point);
  if (!known.price->is_chip) return space_.all_values(point);
  std::string text =
      known.candidate ? known.candidate->label : evaluator_.chip(space_.design(point)).label();
  const std::string others = space_.other_values(point);
  if (!others.empty()) text += ", " + others;
  return text;
}

double DesignBook::score(const Candidate& candidate, Objective objective) const {
  const Evaluation& e = candidate.evaluation;
  return options_.throughput_floor.allows(objective, e.throughput) ? worth(objective, e) : -1;
}

std::vector<const Candidate*> DesignBook::ranking(Objective objective, std::size_t count) const {
  std::vector<std::pair<double, const Candidate*>> all;
  for (const Candidate* candidate : candidates_) {
    const double value = score(*candidate, objective);
    if (value >= 0) all.emplace_back(value, candidate);
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second->point < b.second->point;
  });
  std::vector<const Candidate*> best;
  for (const auto& [value, candidate] : all) {
    if (best.size() == count) break;
    best.push_back(candidate);
  }
  return best;
}

DesignBook::PricedOut DesignBook::priced_out() const {
  PricedOut result;
  for (const auto& [point, known] : known_) {
    if (known.in_budget) continue;
    ++(known.price->problem.empty() ? result.over_budget : result.impossible);
  }
  return result;
}

std::vector<double> DesignBook::least_of_the_best() const {
  std::vector<double> least;
  for (const Objective objective : options_.objectives) {
    const std::vector<const Candidate*> best = ranking(objective, options_.top_k);
    least.push_back(best.size() < options_.top_k ? -1 : score(*best.back(), objective));
  }
  return least;
}

std::optional<Candidate> DesignBook::best_within(const Budget& budget) const {
  const Candidate* best = nullptr;
  double most = 0;
  for (const auto& [point, known] : known_) {
    if (!known.candidate || !budget.allows(known.price->area, known.price->tdp)) continue;
    const double value = score(*known.candidate, options_.objectives.front());
    if (value >= 0 && (best == nullptr || value > most)) {
      best = &*known.candidate;
      most = value;
    }
  }
  return best == nullptr ? std::nullopt : std::optional<Candidate>(*best);
}

std::vector<FrontDesign> DesignBook::front() const {
  std::vector<FrontDesign> all;
  for (const auto& [point, known] : known_) {
    if (!known.candidate) continue;
    const Evaluation& e = known.candidate->evaluation;
    all.push_back({point, known.candidate->label, e.throughput, e.tdp, e.area});
  }
  // Nothing behind a design in this order is better in all: one pass over the front so far tells.
  std::stable_sort(all.begin(), all.end(), [](const FrontDesign& a, const FrontDesign& b) {
    if (a.throughput != b.throughput) return a.throughput > b.throughput;
    if (a.tdp != b.tdp) return a.tdp < b.tdp;
    return a.area < b.area;
  });
  std::vector<FrontDesign> result;
  for (FrontDesign& design : all) {
    const bool is_dominated =
        std::any_of(result.begin(), result.end(), [&](const FrontDesign& other) {
          return other.tdp <= design.tdp && other.area <= design.area;
        });
    if (!is_dominated) result.push_back(std::move(design));
  }
  return result;
}

bool DesignBook::evaluations_are_spent() const {
  return options_.method == SearchMethod::exact && estimated() >= options_.limits.evaluations;
}

void DesignBook::stop_if_interrupted() const {
  if (options_.is_interrupted && options_.is_interrupted()) throw SearchInterrupted();
}

LocalSearchResult DesignBook::close() {
  for (const Objective objective : options_.objectives) {
    std::vector<Candidate> best;
    for (const Candidate* candidate : ranking(objective, options_.top_k)) {
      best.push_back(*candidate);
    }
    result_.best.push_back(std::move(best));
  }
  if (result_.best.front().empty()) {
    throw NegativeResult(result_.is_partial ? "interrupted before a design was found"
                                            : nearest_text());
  }
  for (const Candidate* candidate : ranking(options_.objectives.front(), known_.size())) {
    const bool is_among_best =
        std::any_of(result_.best.begin(), result_.best.end(), [&](const auto& best) {
          return std::any_of(best.begin(), best.end(), [&](const Candidate& other) {
            return other.point == candidate->point;
          });
        });
    if (!is_among_best) result_.runners_up.push_back(*candidate);
  }
  result_.designs_priced = static_cast<std::int64_t>(known_.size());
  result_.front = front();
  if (options_.also_within) result_.best_within = best_within(*options_.also_within);
  return std::move(result_);
}

std::string DesignBook::nearest_text() {
  const Point smallest(space_.axes().size(), 0);
  Point nearest = smallest;
  priced(smallest);
  double nearest_share = std::numeric_limits<double>::infinity();
  const Candidate* fastest = nullptr;
  for (const auto& [point, known] : known_) {
    if (!known.price->is_chip) continue;
    const double share = known.price->share_of(options_.budget);
    if (share < nearest_share) {
      nearest_share = share;
      nearest = point;
    }
    if (known.candidate && (fastest == nullptr || known.candidate->evaluation.throughput >
                                                      fastest->evaluation.throughput)) {
      fastest = &*known.candidate;
    }
  }
  if (fastest != nullptr) {
    return fmt::format(
        "no design reaches the floor of {:.4g} samples/s; the fastest found, {}, makes {:.4g}",
        options_.throughput_floor.samples_per_second, fastest->label,
        fastest->evaluation.throughput);
  }
  if (!result_.failed.empty()) {
    return fmt::format("no design is left: {} failed, the first ({}): {}", result_.failed.size(),
                       result_.failed.front().design, result_.failed.front().reason);
  }
  const Known& known = priced(nearest);
  if (known.in_budget && evaluations_are_spent()) {
    return fmt::format(
        "the workload fits none of the {} designs that limits.evaluations allows; the last: {}",
        estimated(), last_misfit_);
  }
  if (known.in_budget) {
    return fmt::format("no design within {:.4g} mm2 and {:.4g} W holds the workload: {}",
                       options_.budget.area.value(), options_.budget.power.value(), last_misfit_);
  }
  if (!known.price->problem.empty()) {
    return "no design of the space is possible; the smallest contradicts itself: " +
           known.price->problem;
  }
  return fmt::format(
      "no design meets the budget of {:.4g} mm2 and {:.4g} W; the nearest, {}, needs {:.4g} mm2 "
      "and {:.4g} W",
      options_.budget.area.value(), options_.budget.power.value(),
      evaluator_.chip(space_.design(nearest)).label(), known.price->area.value(),
      known.price->tdp.value());
}

Point dimensions_of(const SearchSpace& space, const Point& point) {
  Point dimensions(point.size(), 0);
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (space.axes()[i].role == AxisRole::dimension) dimensions[i] = point[i];
  }
  return dimensions;
}

}  // namespace simdse
