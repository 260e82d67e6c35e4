#include "cli/system_validation.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/report/progress.h"
#include "cli/system_simulation.h"
#include "models/base/error.h"
#include "search/local/design_sampler.h"
#include "search/system/degree_search.h"

namespace simdse {
namespace {

constexpr std::size_t kNearRounds = 5;
constexpr std::size_t kCentres = 10;

/// All degrees open, the samples of an iteration kept.
Parallelism with_open_degrees(Parallelism parallelism) {
  const std::int64_t replicas = std::max<std::int64_t>(1, parallelism.data);
  if (!parallelism.global_batch) {
    parallelism.global_batch = *parallelism.microbatches * parallelism.microbatch * replicas;
    parallelism.microbatches.reset();
  }
  parallelism.tensor = parallelism.pipeline = parallelism.data = kAuto;
  parallelism.cuts.clear();
  return parallelism;
}

class SystemValidation {
 public:
  SystemValidation(const SearchSpec& spec, const ValidationOptions& options)
      : spec_(spec),
        options_(options),
        steps_(possible_steps(spec)),
        evaluator_(steps_.front()->step.tasks().front(), steps_.front()->step.batch(),
                   spec.technology),
        sampler_(*spec.space, evaluator_, spec.options.budget, options.seed),
        progress_("validate", static_cast<std::int64_t>(options.designs)) {
    result_.name = spec.name;
  }

  Validation run() {
    const std::size_t uniform = (options_.designs + 1) / 2;
    add_pairs(uniform, {});
    for (std::size_t round = 1; round <= kNearRounds; ++round) {
      const std::vector<std::size_t> centres = fastest();
      if (centres.empty()) break;
      add_pairs(uniform + (options_.designs - uniform) * round / kNearRounds, centres);
    }
    result_.over_budget = sampler_.over_budget();
    if (result_.designs.size() < options_.designs) {
      result_.warnings.push_back(
          fmt::format("the space gave only {} pairs that the budget allows and the workload fits",
                      result_.designs.size()));
    }
    measure(result_);
    if (result_.simulated == 0) {
      throw NegativeResult("of the designs drawn none is within the budget and fits the workload");
    }
    progress_.finish();
    return std::move(result_);
  }

 private:
  static std::vector<std::unique_ptr<SystemStep>> possible_steps(const SearchSpec& spec) {
    const System& system = *spec.system;
    const Bytes capacity = system.chip->memory().capacity();
    std::vector<std::unique_ptr<SystemStep>> steps;
    try {
      const DegreeChoice choice =
          choose_degrees(spec.workload, with_open_degrees(*spec.parallelism), system.chip,
                         *system.network, capacity);
      for (const DegreeTrial& trial : choice.trials) {
        if (trial.verdict != DegreeVerdict::estimated) continue;
        steps.push_back(std::make_unique<SystemStep>(spec.workload, trial.parallelism, capacity));
      }
    } catch (const PluginFailure&) {
      throw;
    } catch (const InputError& problem) {
      throw InputError(spec.parallel_where, problem.what());
    }
    return steps;
  }

  /// Until there are `target` pairs; drawn near the centres if there are any.
  void add_pairs(std::size_t target, const std::vector<std::size_t>& centres) {
    // A space where hardly any fits is given up.
    for (std::size_t attempt = 0;
         attempt < 20 * options_.designs && result_.designs.size() < target; ++attempt) {
      std::optional<Point> point;
      std::size_t degrees = sampler_.below(steps_.size());
      if (centres.empty()) {
        point = sampler_.draw();
      } else {
        const std::size_t centre = centres[sampler_.below(centres.size())];
        point = sampler_.draw_near(result_.designs[centre].point);
        degrees = degrees_[centres[sampler_.below(centres.size())]];
      }
      if (!point) break;
      add_pair(*point, degrees, !centres.empty());
    }
    simulate_pairs();
  }

  void add_pair(const Point& point, std::size_t degrees, bool is_near) {
    const SystemStep& step = *steps_[degrees];
    auto chip = std::make_shared<const Chip>(evaluator_.chip(spec_.space->design(point)));
    std::shared_ptr<const PlannedDesign> planned;
    try {
      if (chip->memory().capacity() < step.memory.largest()) throw InputError("too small");
      planned = plan_design(chip->label(), chip, step.step);
    } catch (const InputError&) {
      ++result_.unfit;
      return;
    }
    const Parallelism& parallelism = step.step.parallelism();
    const auto network = make_interconnect(spec_.system->network->config(), *chip);
    const PlaceDesigns places = PlaceDesigns::common(std::move(planned), parallelism.pipeline);
    const std::string others = spec_.space->other_values(point);
    ValidatedDesign pair;
    pair.name = fmt::format("{}{} tensor {} x pipeline {} x data {}", chip->label(),
                            others.empty() ? "" : " (" + others + ")", parallelism.tensor,
                            parallelism.pipeline, parallelism.data);
    pair.point = point;
    pair.is_near = is_near;
    pair.area_mm2 = chip->area().value() * static_cast<double>(parallelism.chips);
    pair.tdp_w = chip->tdp().value() * static_cast<double>(parallelism.chips);
    pair.estimate_s = estimate_system(step.step, *network, places).time.value();
    systems_.push_back({&step, network, places});
    result_.designs.push_back(std::move(pair));
    degrees_.push_back(degrees);
  }

  /// What has been drawn and is not simulated yet.
  void simulate_pairs() {
    const std::size_t begin = simulated_;
    simulated_ = result_.designs.size();
    std::vector<SystemJob> jobs;
    for (std::size_t i = begin; i < simulated_; ++i) {
      jobs.push_back({systems_[i].step->step, *systems_[i].network, systems_[i].places});
    }
    WorkerOptions workers;
    workers.workers = options_.workers;
    std::vector<SystemOutcome> outcomes = simulate_systems(jobs, workers, [&](std::size_t done) {
      progress_.update(static_cast<std::int64_t>(begin + done));
    });
    for (std::size_t i = begin; i < simulated_; ++i) {
      const SystemOutcome& outcome = outcomes[i - begin];
      ValidatedDesign& pair = result_.designs[i];
      if (outcome.simulation) pair.simulated_s = outcome.simulation->time.value();
      pair.failure = outcome.failure;
      systems_[i].places = {};  // plans are large
    }
  }

  /// The fastest simulated pairs.
  std::vector<std::size_t> fastest() const {
    std::vector<std::size_t> pairs;
    for (std::size_t i = 0; i < result_.designs.size(); ++i) {
      if (result_.designs[i].simulated_s > 0) pairs.push_back(i);
    }
    std::stable_sort(pairs.begin(), pairs.end(), [&](std::size_t x, std::size_t y) {
      return result_.designs[x].simulated_s < result_.designs[y].simulated_s;
    });
    if (pairs.size() > kCentres) pairs.resize(kCentres);
    return pairs;
  }

  struct PairSystem {
    const SystemStep* step;
    std::shared_ptr<const Interconnect> network;
    PlaceDesigns places;
  };

  const SearchSpec& spec_;
  const ValidationOptions& options_;
  std::vector<std::unique_ptr<SystemStep>> steps_;
  Evaluator evaluator_;
  DesignSampler sampler_;
  Progress progress_;
  std::vector<std::size_t> degrees_;  ///< by pair: which of `steps_`
  std::vector<PairSystem> systems_;   ///< by pair
  std::size_t simulated_ = 0;         ///< pairs, from the first
  Validation result_;
};

}  // namespace

Validation validate_system_search(const SearchSpec& spec, const ValidationOptions& options) {
  return SystemValidation(spec, options).run();
}

}  // namespace simdse
