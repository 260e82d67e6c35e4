#include "search/system/system_search.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "models/base/error.h"
#include "search/local/local_search.h"

namespace simdse {
namespace {

/// How often an iteration does each piece at a place, by piece.
std::map<int, double> work_of(const DistributedStep& step, std::size_t place) {
  const PipelineShape shape = step.shape();
  std::map<int, double> times;
  for (int chunk = 0; chunk < shape.interleave; ++chunk) {
    const std::size_t part = static_cast<std::size_t>(chunk * shape.stages) + place;
    for (const StepNode& node : step.parts()[part].nodes) {
      if (node.is_collective()) continue;
      times[node.piece] +=
          node.piece_class == PieceClass::update ? step.update_share() : shape.microbatches;
    }
  }
  return times;
}

/// All assignments of designs to kinds of place are estimated if these, times the items of all
/// places, are no more.
constexpr double kMostItems = 200'000;

class GlobalSearch {
 public:
  GlobalSearch(const SearchSpec& spec, const SystemStep& step, SystemSearchResult& result)
      : spec_(spec), step_(step), result_(result) {}

  void search_places(const std::function<void(std::int64_t)>& progress) {
    const DistributedStep& step = step_.step;
    std::int64_t done = 0;
    LocalSearchOptions options = spec_.options;
    for (const Design& baseline : spec_.baselines) {
      if (const std::optional<Point> point = spec_.space->find(baseline)) {
        options.seeds.push_back(*point);
      }
    }
    for (PlaceKind& kind : result_.kinds) {
      std::vector<WeightedTasks> parts;
      for (const auto& [piece, times] : work_of(step, kind.places.front())) {
        parts.push_back({&step.tasks()[static_cast<std::size_t>(piece)], times});
      }
      Evaluator evaluator(std::move(parts), step.batch(), spec_.technology);
      evaluator.require_memory(step_.memory.largest());
      if (!spec_.baselines.empty()) {
        options.throughput_floor.samples_per_second =
            evaluator.evaluate(evaluator.chip(spec_.baselines.front())).throughput;
      }
      kind.found = search_locally(*spec_.space, evaluator, options, [&](std::int64_t count) {
        if (progress) progress(done + count);
      });
      done += kind.found.designs_estimated;
    }
  }

  void find_common() {
    std::vector<SystemChoice>& choices = result_.rivals;
    std::set<Point> seen;
    for (const PlaceKind& kind : result_.kinds) {
      for (const Candidate& candidate : kind.best()) {
        if (!seen.insert(candidate.point).second) continue;
        if (const auto design = planned(candidate)) choices.push_back(everywhere(design));
      }
    }
    for (const SystemChoice& baseline : result_.baselines) {
      const Chip& chip = *baseline.places.designs.front()->chip;
      const std::optional<Point> point = spec_.space->find(chip.design());
      const bool is_new = point && seen.insert(*point).second;
      if (is_new && Evaluator::is_allowed(chip, spec_.options.budget)) choices.push_back(baseline);
    }
    std::stable_sort(
        choices.begin(), choices.end(),
        [](const SystemChoice& a, const SystemChoice& b) { return a.worth > b.worth; });
    if (choices.empty() || choices.front().worth < 0) {
      throw NegativeResult(
          "no design that is good for one stage can do the others, fast enough to count");
    }
    result_.common = std::move(choices.front());
    choices.erase(choices.begin());
  }

  void find_mosaic() {
    result_.mosaic = result_.common;
    result_.mosaic.name = "mosaic";
    for (const PlaceKind& kind : result_.kinds) {
      for (const Candidate& candidate : kind.best()) {
        const std::shared_ptr<const PlannedDesign> design = planned(candidate);
        if (design == nullptr) continue;
        SystemChoice other = result_.mosaic;
        std::vector<std::shared_ptr<const PlannedDesign>>& designs = other.places.designs;
        const auto known = std::find(designs.begin(), designs.end(), design);
        const auto number = static_cast<std::size_t>(known - designs.begin());
        if (known == designs.end()) designs.push_back(design);
        for (const std::size_t place : kind.places) other.places.of_place[place] = number;
        estimate(other);
        if (other.worth > result_.mosaic.worth) result_.mosaic = std::move(other);
      }
    }
    try_all_assignments();
    drop_unused(result_.mosaic.places);
  }

  /// Every design at every kind of place.
  void try_all_assignments() {
    SystemChoice choice = result_.mosaic;
    std::vector<std::shared_ptr<const PlannedDesign>>& designs = choice.places.designs;
    designs = result_.common.places.designs;
    for (const PlaceKind& kind : result_.kinds) {
      for (const Candidate& candidate : kind.best()) {
        const auto design = planned(candidate);
        const bool is_known =
            design == nullptr || std::find(designs.begin(), designs.end(), design) != designs.end();
        if (!is_known) designs.push_back(design);
      }
    }
    const std::size_t kinds = result_.kinds.size();
    if (kinds == 1) return;  // all have been tried
    const PipelineShape shape = step_.step.shape();
    const double count = std::pow(static_cast<double>(designs.size()), static_cast<double>(kinds));
    if (count * shape.stages * shape.microbatches * shape.interleave > kMostItems) return;
    AllAssignments all;
    all.designs = designs.size();
    SystemChoice best = result_.mosaic;
    std::vector<std::size_t> of_kind(kinds);
    while (true) {
      for (std::size_t kind = 0; kind < kinds; ++kind) {
        for (const std::size_t place : result_.kinds[kind].places) {
          choice.places.of_place[place] = of_kind[kind];
        }
      }
      estimate(choice);
      ++all.count;
      if (choice.worth > best.worth) best = choice;
      std::size_t kind = 0;  // count on, the first kind fastest
      while (kind < kinds && ++of_kind[kind] == designs.size()) of_kind[kind++] = 0;
      if (kind == kinds) break;
    }
    all.loss = 1 - result_.mosaic.worth / best.worth;
    result_.all = all;
    result_.mosaic = std::move(best);
  }

  void estimate_baselines() {
    for (const Design& design : spec_.baselines) {
      auto chip = std::make_shared<Chip>(design, spec_.technology);
      const Bytes capacity = chip->memory().capacity();
      try {
        if (capacity < step_.memory.largest())
          throw InputError("its memory is too small for a stage");
        const auto planned = plan_design(design.name, chip, step_.step);
        // A search that finds it finds the same.
        if (const auto point = spec_.space->find(design)) planned_.try_emplace(*point, planned);
        result_.baselines.push_back(everywhere(planned));
      } catch (const InputError& problem) {
        throw InputError(fmt::format("baseline '{}': {}", design.name, problem.what()));
      }
    }
  }

 private:
  SystemChoice everywhere(std::shared_ptr<const PlannedDesign> design) {
    SystemChoice choice;
    choice.name = design->label;
    choice.network = make_interconnect(spec_.system->network->config(), *design->chip);
    choice.places = PlaceDesigns::common(std::move(design), step_.step.parallelism().pipeline);
    estimate(choice);
    return choice;
  }

  /// nullptr if some piece does not fit it.
  std::shared_ptr<const PlannedDesign> planned(const Candidate& candidate) {
    const auto [entry, is_new] = planned_.try_emplace(candidate.point);
    if (is_new) {
      try {
        const std::string others = spec_.space->other_values(candidate.point);
        entry->second = plan_design(
            others.empty() ? candidate.label : fmt::format("{} ({})", candidate.label, others),
            std::make_shared<Chip>(candidate.design, spec_.technology), step_.step);
      } catch (const InputError&) {
        // Good for its own stage alone.
      }
    }
    return entry->second;
  }

  void estimate(SystemChoice& choice) {
    ++result_.compared;
    choice.estimate = estimate_system(step_.step, *choice.network, choice.places);
    price(choice);
    const Objective objective = spec_.options.objectives.front();
    const double throughput =
        static_cast<double>(step_.step.batch()) / choice.estimate.time.value();
    ThroughputFloor floor;
    if (!result_.baselines.empty()) {
      floor.samples_per_second =
          static_cast<double>(step_.step.batch()) / result_.baselines.front().estimate.time.value();
    }
    choice.worth = floor.allows(objective, throughput)
                       ? simdse::worth(objective, throughput, 0, choice.tdp)
                       : -1;
  }

  void price(SystemChoice& choice) const {
    const Parallelism& parallelism = step_.step.parallelism();
    const auto chips = static_cast<double>(parallelism.tensor * parallelism.data);
    choice.area = Area();
    choice.tdp = Watts();
    for (const std::size_t design : choice.places.of_place) {
      const Chip& chip = *choice.places.designs[design]->chip;
      choice.area += chip.area() * chips;
      choice.tdp += chip.tdp() * chips;
    }
  }

  static void drop_unused(PlaceDesigns& places) {
    PlaceDesigns kept;
    std::map<std::size_t, std::size_t> number;
    for (const std::size_t design : places.of_place) {
      const auto [entry, is_new] = number.emplace(design, kept.designs.size());
      if (is_new) kept.designs.push_back(places.designs[design]);
      kept.of_place.push_back(entry->second);
    }
    places = std::move(kept);
  }

  const SearchSpec& spec_;
  const SystemStep& step_;
  SystemSearchResult& result_;
  std::map<Point, std::shared_ptr<const PlannedDesign>> planned_;
};

}  // namespace

std::vector<PlaceKind> kinds_of_places(const DistributedStep& step) {
  std::map<std::map<int, double>, std::size_t> known;
  std::vector<PlaceKind> kinds;
  for (std::size_t place = 0; place < static_cast<std::size_t>(step.shape().stages); ++place) {
    const auto [entry, is_new] = known.emplace(work_of(step, place), kinds.size());
    if (is_new) kinds.emplace_back();
    kinds[entry->second].places.push_back(place);
  }
  return kinds;
}

SystemSearchResult search_system(const SearchSpec& spec, const SystemStep& step,
                                 const std::function<void(std::int64_t)>& progress) {
  SystemSearchResult result;
  result.kinds = kinds_of_places(step.step);
  GlobalSearch search(spec, step, result);
  search.estimate_baselines();
  search.search_places(progress);
  search.find_common();
  search.find_mosaic();
  return result;
}

}  // namespace simdse
