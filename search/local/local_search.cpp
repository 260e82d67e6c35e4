#include "search/local/local_search.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <queue>
#include <set>

#include "models/base/error.h"
#include "search/local/peak_bound.h"

namespace simdse {

const char* objective_name(Objective objective) {
  switch (objective) {
    case Objective::throughput:
      return "throughput";
    case Objective::throughput_per_tdp:
      return "throughput_per_tdp";
  }
  return "";
}

std::vector<std::string> objective_names() { return {"throughput", "throughput_per_tdp"}; }

namespace {

// An improvement below this share of the time is none.
constexpr double kLeastGain = 1e-3;

/// What is known of a point.
struct Known {
  std::optional<Chip> chip;   ///< empty if its parameters contradict each other
  std::string contradiction;  ///< then: how
  bool in_budget = false;
  std::optional<Candidate> candidate;  ///< once estimated, if the workload fits
  bool is_estimated = false;
};

class LocalSearch {
 public:
  LocalSearch(const SearchSpace& space, const Evaluator& evaluator,
              const LocalSearchOptions& options, std::function<void(std::int64_t)> progress)
      : space_(space),
        evaluator_(evaluator),
        options_(options),
        progress_(std::move(progress)),
        peak_bound_(space, evaluator, options.budget) {}

  LocalSearchResult run() {
    for (const Point& seed : options_.seeds) estimate(seed, "seed", "was asked for");
    descend();
    for (const Objective objective : options_.objectives) balance(objective);
    for (const Objective objective : options_.objectives) {
      result_.best.push_back(ranking(objective, options_.top_k));
    }
    if (result_.best.front().empty()) throw NegativeResult(nearest_text());
    result_.designs_priced = static_cast<std::int64_t>(known_.size());
    result_.designs_bounded = count_bounded();
    if (options_.also_within) result_.best_within = fastest_within(*options_.also_within);
    return std::move(result_);
  }

 private:
  // --- evaluation ---------------------------------------------------------------------------

  Known& price(const Point& point) {
    const auto [entry, is_new] = known_.try_emplace(point);
    Known& known = entry->second;
    if (!is_new) return known;
    try {
      known.chip.emplace(evaluator_.chip(space_.design(point)));
      known.contradiction = known.chip->problem();
      known.in_budget = Evaluator::is_allowed(*known.chip, options_.budget);
    } catch (const PluginFailure& failure) {
      known.contradiction = failure.what();
      fail("price", point, failure.what());
    } catch (const InputError& problem) {
      // Parameters that contradict each other make no design.
      known.contradiction = problem.what();
    }
    return known;
  }

  bool affordable(const Point& point) { return price(point).in_budget; }

  /// The estimate of a point within the budget, or nullptr if the workload does not fit it. A new
  /// one is logged, with the reason for making it.
  const Candidate* estimate(const Point& point, const char* phase, const std::string& reason) {
    Known& known = price(point);
    if (known.is_estimated || !known.in_budget) {
      return known.candidate ? &*known.candidate : nullptr;
    }
    known.is_estimated = true;
    ++result_.designs_estimated;
    if (progress_) progress_(result_.designs_estimated);
    const std::string label = known.chip->label();
    try {
      Candidate candidate{point, known.chip->design(), label, evaluator_.evaluate(*known.chip)};
      candidate.design.name = label;
      known.candidate = std::move(candidate);
      log(phase, point, "estimated", reason, known.candidate->evaluation.throughput);
    } catch (const PluginFailure& failure) {
      fail(phase, point, failure.what());
    } catch (const InputError& problem) {
      log(phase, point, "does_not_fit", problem.what(), 0);
      last_misfit_ = problem.what();
    }
    return known.candidate ? &*known.candidate : nullptr;
  }

  /// A plug-in's failure costs the design, and the search goes on.
  void fail(const char* phase, const Point& point, const std::string& reason) {
    log(phase, point, "failed", reason, 0);
    result_.failed.push_back({result_.audit.back().design, reason});
  }

  void log(const char* phase, const Point& point, const char* verdict, std::string reason,
           double throughput) {
    result_.audit.push_back({static_cast<std::int64_t>(result_.audit.size()), phase,
                             full_label(point), verdict, std::move(reason), throughput});
  }

  /// Tells any two designs of the space apart.
  std::string full_label(const Point& point) {
    const Known& known = price(point);
    if (!known.chip) return space_.all_values(point);
    std::string text = known.chip->label();
    const std::string others = space_.other_values(point);
    if (!others.empty()) text += ", " + others;
    return text;
  }

  std::optional<Candidate> fastest_within(const Budget& budget) const {
    const Candidate* best = nullptr;
    for (const auto& [point, known] : known_) {
      if (!known.candidate || !budget.allows(known.chip->area(), known.chip->tdp())) continue;
      if (best == nullptr || known.candidate->evaluation.throughput > best->evaluation.throughput) {
        best = &*known.candidate;
      }
    }
    return best == nullptr ? std::nullopt : std::optional<Candidate>(*best);
  }

  /// What a candidate is worth; -1 if it does not count.
  double score(const Candidate& candidate, Objective objective) const {
    const Evaluation& e = candidate.evaluation;
    if (objective == Objective::throughput) return e.throughput;
    return e.throughput >= options_.throughput_floor ? e.throughput_per_tdp() : -1;
  }

  /// The best designs, one for each of the best core sizes: near the top many differ in details
  /// only, and a better balance of other cores may lie a few per cent below.
  std::vector<Candidate> best_of_each_size(Objective objective) const {
    constexpr std::size_t sizes = 8;
    std::set<Point> seen;
    std::vector<Candidate> best;
    for (const Candidate& candidate : ranking(objective, known_.size())) {
      if (best.size() == std::max(sizes, options_.top_k)) break;
      if (seen.insert(dimensions_of(candidate.point)).second) best.push_back(candidate);
    }
    return best;
  }

  std::vector<Candidate> ranking(Objective objective, std::size_t count) const {
    std::vector<const Candidate*> all;
    for (const auto& [point, known] : known_) {
      if (known.candidate && score(*known.candidate, objective) >= 0) {
        all.push_back(&*known.candidate);
      }
    }
    std::stable_sort(all.begin(), all.end(), [&](const Candidate* a, const Candidate* b) {
      return score(*a, objective) > score(*b, objective);
    });
    std::vector<Candidate> best;
    for (const Candidate* candidate : all) {
      if (best.size() == count) break;
      best.push_back(*candidate);
    }
    return best;
  }

  // --- tree -----------------------------------------------------------------------------------

  /// A node of the dimension tree that waits to be visited.
  struct Branch {
    double parent_score = 0;  ///< the best throughput on the way to it
    std::int64_t order = 0;
    Point start;  ///< where its growth begins
    int levels_without_gain = 0;

    /// The most promising branch first, then the older.
    friend bool operator<(const Branch& a, const Branch& b) {
      return a.parent_score != b.parent_score ? a.parent_score < b.parent_score : a.order > b.order;
    }
  };

  void descend() {
    // One of everything, in the largest cores: what more is worth having, growth will buy.
    Branch root;
    root.start = Point(space_.axes().size(), 0);
    for (std::size_t i = 0; i < root.start.size(); ++i) {
      const Axis& axis = space_.axes()[i];
      if (axis.role == AxisRole::dimension) root.start[i] = axis.values.size() - 1;
    }
    branches_.push(std::move(root));
    while (!branches_.empty()) {
      const Branch branch = branches_.top();
      branches_.pop();
      if (visited_.insert(dimensions_of(branch.start)).second) visit(branch);
    }
  }

  /// The point with nothing but the dimensions of `point`.
  Point dimensions_of(const Point& point) const {
    Point dimensions(point.size(), 0);
    for (std::size_t i = 0; i < point.size(); ++i) {
      if (space_.axes()[i].role == AxisRole::dimension) dimensions[i] = point[i];
    }
    return dimensions;
  }

  void visit(const Branch& branch) {
    const Point dimensions = dimensions_of(branch.start);
    const std::vector<double> least = least_of_the_best();
    if (cannot_matter(dimensions, PeakBound::Scope::subtree, least)) {
      log("tree", dimensions, "cut",
          "even at peak, as many of these or smaller cores as the budget allows would be slower "
          "than the best found",
          0);
      return;
    }
    if (cannot_matter(dimensions, PeakBound::Scope::node, least)) {
      log("tree", dimensions, "cut",
          "even at peak, as many of these cores as the budget allows would be slower than the best "
          "found; smaller ones are tried",
          0);
      if (branch.levels_without_gain < options_.hysteresis) {
        add_children(dimensions, branch.start, branch.parent_score, branch.levels_without_gain + 1);
      }
      return;
    }
    const Candidate* grown = grow(branch.start);
    double best = branch.parent_score;
    int levels_without_gain = branch.levels_without_gain;
    if (grown == nullptr) {
      // Too large for the budget, or too little memory: smaller cores may still do.
      log("tree", dimensions, "over_budget",
          "no affordable design was found to start from; smaller cores are tried", 0);
    } else {
      const double throughput = grown->evaluation.throughput;
      const bool gains = throughput > branch.parent_score * (1 + kLeastGain);
      levels_without_gain = gains ? 0 : levels_without_gain + 1;
      best = std::max(best, throughput);
      if (levels_without_gain > options_.hysteresis) {
        log("tree", grown->point, "cut",
            fmt::format("no gain over its parents for {} levels", levels_without_gain), throughput);
        return;
      }
      log("tree", grown->point, "kept",
          gains ? "better than its parent" : "no better than its parent, within the hysteresis",
          throughput);
    }
    add_children(dimensions, grown == nullptr ? branch.start : grown->point, best,
                 levels_without_gain);
  }

  void add_children(const Point& dimensions, const Point& grown_at, double best,
                    int levels_without_gain) {
    for (std::size_t i = 0; i < dimensions.size(); ++i) {
      if (space_.axes()[i].role != AxisRole::dimension || dimensions[i] == 0) continue;
      branches_.push({best, ++branch_count_, child_start(grown_at, i), levels_without_gain});
    }
  }

  /// Where growth of a child begins: the group whose cores have become smaller has as many as its
  /// parent grew to, every other group is half the way up its axis to that, each as far as the
  /// budget allows; of everything else the least, so that nothing is inherited that only the parent
  /// needed. Growth buys the rest.
  Point child_start(const Point& grown_at, std::size_t smaller) {
    Point start(grown_at.size(), 0);
    const std::string group = group_of(space_.axes()[smaller]);
    for (std::size_t i = 0; i < start.size(); ++i) {
      const Axis& axis = space_.axes()[i];
      if (axis.role == AxisRole::dimension) start[i] = grown_at[i] - (i == smaller ? 1 : 0);
    }
    for (std::size_t i = 0; i < start.size(); ++i) {
      const Axis& axis = space_.axes()[i];
      if (axis.role != AxisRole::count) continue;
      start[i] = group_of(axis) == group ? grown_at[i] : grown_at[i] / 2;
      while (start[i] > 0 && !affordable(start)) --start[i];
    }
    return start;
  }

  /// "cores.0" of "cores.0.rows".
  static std::string group_of(const Axis& axis) {
    return axis.path.substr(0, axis.path.rfind('.'));
  }

  /// What the last of the best found is worth in each objective; -1 while there are too few.
  std::vector<double> least_of_the_best() const {
    std::vector<double> least;
    for (const Objective objective : options_.objectives) {
      const std::vector<Candidate> best = ranking(objective, options_.top_k);
      least.push_back(best.size() < options_.top_k ? -1 : score(best.back(), objective));
    }
    return least;
  }

  /// True if no design with these core dimensions (or smaller ones), of however many cores, can be
  /// among the best, of which the last are worth `least`: the arithmetic alone would take too long.
  bool cannot_matter(const Point& node, PeakBound::Scope scope,
                     const std::vector<double>& least) const {
    for (std::size_t i = 0; i < least.size(); ++i) {
      const double most =
          peak_bound_.score(node, scope, options_.objectives[i], options_.throughput_floor);
      if (most > least[i]) return false;
    }
    return true;
  }

  /// Designs that need not be looked at, whether or not the tree came near them: those whose core
  /// dimensions can't matter beside the best found, without those estimated nevertheless.
  std::int64_t count_bounded() {
    double dimensions = 1;
    double others = 1;
    for (const Axis& axis : space_.axes()) {
      (axis.role == AxisRole::dimension ? dimensions : others) *=
          static_cast<double>(axis.values.size());
    }
    constexpr double too_many_to_look_at = 1e5;
    if (dimensions > too_many_to_look_at) return 0;
    std::set<Point> bounded;
    Point at(space_.axes().size(), 0);
    const std::vector<double> least = least_of_the_best();
    for (bool has_more = true; has_more;) {
      if (cannot_matter(at, PeakBound::Scope::node, least)) bounded.insert(at);
      has_more = false;
      for (std::size_t i = 0; i < at.size() && !has_more; ++i) {
        if (space_.axes()[i].role != AxisRole::dimension) continue;
        has_more = ++at[i] < space_.axes()[i].values.size();
        if (!has_more) at[i] = 0;
      }
    }
    double count = others * static_cast<double>(bounded.size());
    for (const auto& [point, known] : known_) {
      if (known.is_estimated && bounded.count(dimensions_of(point)) > 0) count -= 1;
    }
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    return count >= static_cast<double>(most) ? most : static_cast<std::int64_t>(count);
  }

  // --- growth ---------------------------------------------------------------------------------

  /// Data and arithmetic rates of a chip by resource.
  std::array<double, kResourceCount> rates_of(const Chip& chip) const {
    const ChipRates rates = ChipRates::of(chip);
    const NumberFormat format = product_format(evaluator_.tasks());
    std::array<double, kResourceCount> result{};
    for (const auto& core : chip.tensor_cores()) {
      result[static_cast<int>(Resource::matrix)] += core->peak_macs_per_cycle_of(format);
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

  /// Share of the time that `to` would save (lose, if negative) if each region of the critical
  /// chain took as long as its slowest resource, and every resource's time changed as its rate
  /// does.
  double predicted_gain(const Candidate& from, const Chip& from_chip, const Chip& to) const {
    const auto old_rates = rates_of(from_chip);
    const auto new_rates = rates_of(to);
    std::array<double, kResourceCount> ratio{};
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

  double budget_share(const Chip& chip) const {
    return std::max(chip.area() / options_.budget.area, chip.tdp() / options_.budget.power);
  }

  /// Buys along the axes of counts and shared blocks while that shortens the time. Returns the best
  /// design met, or nullptr if not even the start fits.
  const Candidate* grow(const Point& start) {
    Point at = start;
    const Candidate* best = estimate(at, "growth", "the start of growth");
    // The least memory may not hold the workload: more of what is shared, one after another, may.
    for (std::size_t i = 0; best == nullptr && i < at.size(); ++i) {
      const Axis& axis = space_.axes()[i];
      if (axis.role != AxisRole::shared) continue;
      while (best == nullptr && at[i] + 1 < axis.values.size()) {
        ++at[i];
        best = estimate(at, "growth", fmt::format("more of {}, as less does not fit", axis.path));
      }
      if (best == nullptr) at[i] = start[i];
    }
    if (best == nullptr) return nullptr;
    std::set<std::size_t> exhausted;
    for (;;) {
      const std::optional<std::size_t> axis = best_purchase(at, *best, exhausted);
      if (!axis) {
        const Candidate* traded = trade(*best);
        if (traded == nullptr) return best;
        best = traded;
        at = best->point;
        exhausted.clear();
        continue;
      }
      Point next = at;
      ++next[*axis];
      const std::string& path = space_.axes()[*axis].path;
      const Candidate* bought =
          estimate(next, "growth", fmt::format("more of {} promises most for its cost", path));
      if (bought != nullptr &&
          bought->evaluation.time.value() < best->evaluation.time.value() * (1 - kLeastGain)) {
        log("growth", bought->point, "kept", fmt::format("more of {} shortens the time", path),
            bought->evaluation.throughput);
        best = bought;
        at = next;
        exhausted.clear();
      } else {
        if (bought != nullptr) {
          log("growth", bought->point, "cut", fmt::format("more of {} does not pay", path),
              bought->evaluation.throughput);
        }
        exhausted.insert(*axis);
      }
    }
  }

  /// A core more, paid for by selling what is missed least; nullptr if that does not shorten the
  /// time. Without it the small purchases of growth would stand in the way of a large one.
  const Candidate* trade(const Candidate& from) {
    for (std::size_t i = 0; i < from.point.size(); ++i) {
      const Axis& axis = space_.axes()[i];
      if (axis.role != AxisRole::count || from.point[i] + 1 == axis.values.size()) continue;
      Point up = from.point;
      ++up[i];
      const auto paid = sell_down(from, up, i);
      if (!paid) continue;
      const Candidate* found =
          estimate(*paid, "growth", fmt::format("a trade for more of {}", axis.path));
      if (found == nullptr) continue;
      if (found->evaluation.time.value() > from.evaluation.time.value() * (1 - kLeastGain)) {
        log("growth", found->point, "cut",
            fmt::format("trading for more of {} does not pay", axis.path),
            found->evaluation.throughput);
        continue;
      }
      log("growth", found->point, "kept", fmt::format("trading for more of {} pays", axis.path),
          found->evaluation.throughput);
      return found;
    }
    return nullptr;
  }

  /// Share of the time that critical operators would wait less for a free core if those of `to`
  /// shared the waiting that there was on `from`. The chain does not see this where the operator in
  /// the way is bound by something else than its core.
  static double conflict_gain(const Candidate& from, const Chip& from_chip, const Chip& to) {
    const auto saved = [](Seconds conflict, std::size_t before, std::size_t after) {
      return conflict.value() * (1 - static_cast<double>(before) / static_cast<double>(after));
    };
    const Evaluation& e = from.evaluation;
    return (saved(e.tensor_conflict, from_chip.tensor_cores().size(), to.tensor_cores().size()) +
            saved(e.vector_conflict, from_chip.vector_cores().size(), to.vector_cores().size())) /
           e.time.value();
  }

  /// The axis whose next step promises most per share of the budget; empty if none is left.
  std::optional<std::size_t> best_purchase(const Point& at, const Candidate& from,
                                           const std::set<std::size_t>& exhausted) {
    const Chip& chip = *price(at).chip;
    std::optional<std::size_t> best;
    double best_value = 0;
    for (std::size_t i = 0; i < at.size(); ++i) {
      const Axis& axis = space_.axes()[i];
      if (axis.role == AxisRole::dimension || at[i] + 1 == axis.values.size()) continue;
      if (exhausted.count(i) != 0) continue;
      Point next = at;
      ++next[i];
      if (!affordable(next)) continue;
      const Chip& bigger = *price(next).chip;
      const double gain =
          std::max(predicted_gain(from, chip, bigger), conflict_gain(from, chip, bigger));
      if (gain < kLeastGain) continue;
      const double cost = std::max(budget_share(bigger) - budget_share(chip), 1e-6);
      if (gain / cost > best_value) {
        best_value = gain / cost;
        best = i;
      }
    }
    return best;
  }

  // --- balance --------------------------------------------------------------------------------

  /// Climbs from the best designs by single steps and by exchanges between two axes, the most
  /// promising first, and takes the first that is better.
  void balance(Objective objective) {
    for (const Candidate& start : best_of_each_size(objective)) {
      Candidate at = start;
      while (const Candidate* better = first_better(at, objective)) {
        log("balance", better->point, "kept",
            fmt::format("{:.1f} % better in {} than {}",
                        (score(*better, objective) / score(at, objective) - 1) * 100,
                        objective_name(objective), full_label(at.point)),
            better->evaluation.throughput);
        at = *better;
      }
    }
  }

  const Candidate* first_better(const Candidate& at, Objective objective) {
    const double worth = score(at, objective);
    const Chip& chip = *price(at.point).chip;
    std::vector<std::pair<double, Point>> promising;
    for (Point& neighbour : neighbours(at)) {
      const Chip& other = *price(neighbour).chip;
      double promise =
          at.evaluation.throughput / std::max(1 - predicted_gain(at, chip, other), 0.01);
      if (objective == Objective::throughput_per_tdp) promise /= other.tdp().value();
      // The prediction knows rates but not how well they are used, hence the allowance.
      constexpr double allowance = 0.98;
      if (promise > worth * allowance) {
        promising.emplace_back(promise, std::move(neighbour));
      } else if (!price(neighbour).is_estimated && passed_by_.insert(neighbour).second) {
        log("balance", neighbour, "cut",
            fmt::format("promises only {:.1f} % of {} in {}", promise / worth * 100,
                        full_label(at.point), objective_name(objective)),
            0);
      }
    }
    std::stable_sort(promising.begin(), promising.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    for (const auto& [promise, neighbour] : promising) {
      const bool is_new = !price(neighbour).is_estimated;
      const Candidate* found =
          estimate(neighbour, "balance", fmt::format("a neighbour of {}", full_label(at.point)));
      if (found == nullptr) continue;
      if (score(*found, objective) > worth * (1 + kLeastGain)) return found;
      if (is_new) {
        log("balance", neighbour, "cut",
            fmt::format("no better in {} than {}", objective_name(objective), full_label(at.point)),
            found->evaluation.throughput);
      }
    }
    return nullptr;
  }

  /// One step on one axis; where a step up takes more than the budget, what is missed least is sold
  /// until it fits.
  std::vector<Point> neighbours(const Candidate& at) {
    std::vector<Point> result;
    for (std::size_t i = 0; i < at.point.size(); ++i) {
      if (at.point[i] > 0) {
        Point down = at.point;
        --down[i];
        if (affordable(down)) result.push_back(down);
      }
      if (at.point[i] + 1 < space_.axes()[i].values.size()) {
        Point up = at.point;
        ++up[i];
        if (const auto paid = sell_down(at, up, i)) result.push_back(*paid);
      }
    }
    return result;
  }

  /// Steps other axes than `keep` down, each time the one that loses least of the predicted speed
  /// per share of the budget set free, until `point` is affordable. Empty if nothing is left to
  /// sell.
  std::optional<Point> sell_down(const Candidate& from, Point point, std::size_t keep) {
    const Chip& chip = *price(from.point).chip;
    while (!affordable(point)) {
      const Known& over = price(point);
      if (!over.chip) return std::nullopt;
      const double share = budget_share(*over.chip);
      std::optional<Point> best;
      double best_value = 0;
      for (std::size_t i = 0; i < point.size(); ++i) {
        if (i == keep || point[i] == 0 || space_.axes()[i].role == AxisRole::dimension) continue;
        Point down = point;
        --down[i];
        const Known& cheaper = price(down);
        if (!cheaper.chip) continue;
        const double freed = share - budget_share(*cheaper.chip);
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

  /// What the cheapest design of the space would need.
  std::string nearest_text() {
    const Point smallest(space_.axes().size(), 0);
    Point nearest = smallest;
    price(smallest);
    double nearest_share = std::numeric_limits<double>::infinity();
    for (const auto& [point, known] : known_) {
      if (!known.chip) continue;
      const double share = budget_share(*known.chip);
      if (share < nearest_share) {
        nearest_share = share;
        nearest = point;
      }
    }
    const Candidate* fastest = nullptr;
    for (const auto& [point, known] : known_) {
      if (known.candidate && (fastest == nullptr || known.candidate->evaluation.throughput >
                                                        fastest->evaluation.throughput)) {
        fastest = &*known.candidate;
      }
    }
    if (fastest != nullptr) {
      return fmt::format(
          "no design reaches the floor of {:.4g} samples/s; the fastest found, {}, makes {:.4g}",
          options_.throughput_floor, fastest->label, fastest->evaluation.throughput);
    }
    if (!result_.failed.empty()) {
      return fmt::format("no design is left: {} failed, the first ({}): {}", result_.failed.size(),
                         result_.failed.front().design, result_.failed.front().reason);
    }
    const Known& known = price(nearest);
    if (known.in_budget) {
      return fmt::format("no design within {:.4g} mm2 and {:.4g} W holds the workload: {}",
                         options_.budget.area.value(), options_.budget.power.value(), last_misfit_);
    }
    if (!known.contradiction.empty()) {
      return "no design of the space is possible; the smallest contradicts itself: " +
             known.contradiction;
    }
    return fmt::format(
        "no design meets the budget of {:.4g} mm2 and {:.4g} W; the nearest, {}, needs {:.4g} mm2 "
        "and {:.4g} W",
        options_.budget.area.value(), options_.budget.power.value(), known.chip->label(),
        known.chip->area().value(), known.chip->tdp().value());
  }

  const SearchSpace& space_;
  const Evaluator& evaluator_;
  const LocalSearchOptions& options_;
  std::function<void(std::int64_t)> progress_;
  std::map<Point, Known> known_;
  std::priority_queue<Branch> branches_;
  std::int64_t branch_count_ = 0;
  std::set<Point> visited_;
  PeakBound peak_bound_;
  std::set<Point> passed_by_;  ///< neighbours that promised too little
  std::string last_misfit_;
  LocalSearchResult result_;
};

}  // namespace

LocalSearchResult search_locally(const SearchSpace& space, const Evaluator& evaluator,
                                 const LocalSearchOptions& options,
                                 const std::function<void(std::int64_t)>& progress) {
  return LocalSearch(space, evaluator, options, progress).run();
}

}  // namespace simdse
