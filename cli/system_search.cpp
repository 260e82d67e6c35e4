#include "cli/system_search.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "cli/report/progress.h"
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
      times[node.piece] += node.piece_class == PieceClass::update ? 1 : shape.microbatches;
    }
  }
  return times;
}

class GlobalSearch {
 public:
  explicit GlobalSearch(SystemSearch& run) : run_(run), network_(*run.system.network) {}

  void find_common() {
    for (const PlaceSearch& kind : run_.kinds) {
      for (const Candidate& candidate : kind.best) {
        const SystemCandidate whole = everywhere(candidate.label, chip_of(candidate.design));
        if (run_.common.places.designs.empty() || whole.estimate < run_.common.estimate) {
          run_.common = whole;
        }
      }
    }
    if (run_.common.places.designs.empty()) {
      throw NegativeResult("no design of the space has the memory that the stages need");
    }
  }

  /// From the common design, one kind of place at a time.
  void find_mosaic() {
    run_.mosaic = run_.common;
    for (const PlaceSearch& kind : run_.kinds) {
      for (const Candidate& candidate : kind.best) {
        SystemCandidate other = run_.mosaic;
        other.places.designs.push_back(chip_of(candidate.design));
        if (!has_memory(*other.places.designs.back())) continue;
        for (const std::size_t place : kind.places) {
          other.places.of_place[place] = other.places.designs.size() - 1;
        }
        estimate(other);
        if (other.estimate < run_.mosaic.estimate) run_.mosaic = other;
      }
    }
    drop_unused(run_.mosaic.places);
    run_.mosaic.name = "mosaic";
    price(run_.mosaic);
  }

  SystemCandidate everywhere(const std::string& name, std::shared_ptr<const Chip> chip) {
    SystemCandidate result;
    result.name = name;
    if (!has_memory(*chip)) return {};
    result.places.designs = {std::move(chip)};
    result.places.of_place.assign(static_cast<std::size_t>(run_.step->step.parallelism().pipeline),
                                  0);
    estimate(result);
    price(result);
    return result;
  }

  std::shared_ptr<const Chip> chip_of(const Design& design) const {
    return std::make_shared<Chip>(design, run_.spec.technology);
  }

 private:
  bool has_memory(const Chip& chip) const {
    return run_.step->memory.largest() <= chip.memory().capacity();
  }
  void estimate(SystemCandidate& candidate) {
    ++run_.compared;
    candidate.estimate = estimate_system_step(network_, *run_.step, candidate.places).time;
  }
  void price(SystemCandidate& candidate) const {
    const Parallelism& parallelism = run_.step->step.parallelism();
    const auto chips = static_cast<double>(parallelism.tensor * parallelism.data);
    candidate.area = Area();
    candidate.tdp = Watts();
    for (const std::size_t design : candidate.places.of_place) {
      candidate.area += candidate.places.designs[design]->area() * chips;
      candidate.tdp += candidate.places.designs[design]->tdp() * chips;
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

  SystemSearch& run_;
  const Interconnect& network_;
};

/// Pipeline places with equal work, together.
std::vector<PlaceSearch> kinds_of(const DistributedStep& step) {
  std::map<std::map<int, double>, std::size_t> known;
  std::vector<PlaceSearch> kinds;
  for (std::size_t place = 0; place < static_cast<std::size_t>(step.shape().stages); ++place) {
    const auto [entry, is_new] = known.emplace(work_of(step, place), kinds.size());
    if (is_new) kinds.emplace_back();
    kinds[entry->second].places.push_back(place);
  }
  return kinds;
}

}  // namespace

SystemSearch search_system(SearchSpec spec, const DataFiles& files, const WorkerOptions& workers,
                           const std::function<void(const SystemSearch&)>& on_ready) {
  SystemSearch run;
  run.spec = std::move(spec);
  const System given = load_system(run.spec.system, files, {});
  const Chip base(run.spec.space->base(), run.spec.technology);
  run.system = make_system(run.spec.system, base, given.network->config());
  const Parallelism& wanted = *run.spec.parallelism;
  if (!wanted.is_complete()) {
    throw InputError(
        "parallel: the search of designs takes degrees as given; 'auto' is for simulate");
  }
  if (wanted.chips != run.system.network->chips()) {
    throw InputError(fmt::format("parallel: {} chips, and {} has {}", wanted.chips, run.spec.system,
                                 run.system.network->chips()));
  }
  run.step = std::make_unique<SystemStep>(run.spec.workload, wanted, base.memory().capacity());
  const DistributedStep& step = run.step->step;
  run.kinds = kinds_of(step);
  if (on_ready) on_ready(run);

  Progress progress("search", 0);
  std::int64_t done = 0;
  LocalSearchOptions options = run.spec.options;
  options.objectives = {Objective::throughput};
  for (PlaceSearch& kind : run.kinds) {
    std::vector<WeightedTasks> parts;
    for (const auto& [piece, times] : work_of(step, kind.places.front())) {
      parts.push_back({&step.tasks()[static_cast<std::size_t>(piece)], times});
    }
    const Evaluator evaluator(std::move(parts), step.batch(), run.spec.technology);
    const LocalSearchResult found =
        search_locally(*run.spec.space, evaluator, options,
                       [&](std::int64_t count) { progress.update(done + count); });
    kind.best = found.best.front();
    kind.estimated = found.designs_estimated;
    done += found.designs_estimated;
  }
  GlobalSearch global(run);
  global.find_common();
  global.find_mosaic();
  for (const Design& design : run.spec.baselines) {
    SystemCandidate baseline = global.everywhere(design.name, global.chip_of(design));
    if (baseline.places.designs.empty()) {
      throw InputError(
          fmt::format("baseline '{}': its memory is too small for the stages", design.name));
    }
    run.baselines.push_back(std::move(baseline));
  }
  std::vector<SystemCandidate*> all = {&run.common};
  if (run.mosaic.estimate < run.common.estimate) all.push_back(&run.mosaic);
  for (SystemCandidate& baseline : run.baselines) all.push_back(&baseline);
  Progress simulation("simulate", static_cast<std::int64_t>(all.size()));
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i]->simulation = run_system_step(*run.system.network, *run.step, all[i]->places, workers);
    simulation.update(static_cast<std::int64_t>(i) + 1);
  }
  return run;
}

}  // namespace simdse
