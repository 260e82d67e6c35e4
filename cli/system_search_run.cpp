#include "cli/system_search_run.h"

#include <algorithm>

#include "cli/simulation_ladder.h"
#include "models/base/error.h"

namespace simdse {
namespace {

class Run {
 public:
  Run(const SearchSpec& spec, const DegreeSearchResult& result, const WorkerOptions& workers,
      const std::function<void(std::int64_t)>& progress)
      : spec_(spec), result_(result), workers_(workers), progress_(progress) {
    const SystemSearchResult& found = result.found;
    run_.estimated = 1 + found.rivals.size();
    for (const SystemChoice& baseline : found.baselines) run_.baselines.push_back({&baseline, {}});
    for (const SystemChoice& rival : found.rivals) waiting_.push_back(&rival);
    run_.commons.push_back({&found.common, {}});
    if (found.has_mosaic()) run_.mosaic = SimulatedChoice{&found.mosaic, {}};
  }

  SystemSearchRun run() {
    try {
      for (SimulatedChoice& baseline : run_.baselines) simulate(baseline);
      simulate(run_.commons.front());
      if (run_.mosaic) simulate(*run_.mosaic);
      climb_down();
    } catch (const NegativeResult&) {
      run_.is_partial = true;
    }
    for (const SystemChoice* rival : waiting_) run_.open += would_be_best(*rival);
    std::stable_sort(run_.commons.begin(), run_.commons.end(),
                     [&](const SimulatedChoice& a, const SimulatedChoice& b) {
                       return simulated_worth(a) > simulated_worth(b);
                     });
    return std::move(run_);
  }

 private:
  void simulate(SimulatedChoice& of) {
    const SystemChoice& choice = *of.choice;
    of.simulation = known(choice);
    if (of.simulation) return;
    of.simulation = simulate_system(result_.step->step, *choice.network, choice.places, workers_);
    ++run_.gaps;
    // Whatever the objective, the worth is the throughput times what the estimate knows exactly.
    const double gap = choice.estimate.time / of.simulation->time - 1;
    run_.most_favourable = std::max(run_.most_favourable.value_or(gap), gap);
    if (progress_) progress_(static_cast<std::int64_t>(run_.gaps));
  }

  /// Of a baseline that is a candidate as well.
  std::optional<SystemSimulation> known(const SystemChoice& choice) const {
    for (const SimulatedChoice& baseline : run_.baselines) {
      const SystemChoice& other = *baseline.choice;
      if (other.places.designs == choice.places.designs &&
          other.places.of_place == choice.places.of_place) {
        return baseline.simulation;
      }
    }
    return {};
  }

  /// -1 if it is slower than the first baseline where that does not count.
  double worth_of(const SystemChoice& choice, Seconds time) const {
    const auto samples = static_cast<double>(result_.step->step.batch());
    const Objective objective = spec_.options.objectives.front();
    ThroughputFloor floor;
    if (!run_.baselines.empty() && run_.baselines.front().simulation) {
      floor.samples_per_second = samples / run_.baselines.front().simulation->time.value();
    }
    const double throughput = samples / time.value();
    return floor.allows(objective, throughput) ? worth(objective, throughput, 0, choice.tdp) : -1;
  }

  double simulated_worth(const SimulatedChoice& of) const {
    return of.simulation ? worth_of(*of.choice, of.simulation->time) : -1;
  }

  bool would_be_best(const SystemChoice& rival) const {
    double best = -1;
    for (const SimulatedChoice& common : run_.commons) {
      best = std::max(best, simulated_worth(common));
    }
    const double speed = 1 + run_.most_favourable.value_or(0);
    return worth_of(rival, rival.estimate.time / speed) > best;
  }

  void climb_down() {
    while (run_.commons.size() < spec_.simulations) {
      const auto next =
          std::find_if(waiting_.begin(), waiting_.end(), [&](const SystemChoice* rival) {
            return run_.gaps < kLeastGaps || would_be_best(*rival);
          });
      if (next == waiting_.end()) return;
      SimulatedChoice rival{*next, {}};
      simulate(rival);
      run_.commons.push_back(std::move(rival));
      waiting_.erase(next);
    }
  }

  const SearchSpec& spec_;
  const DegreeSearchResult& result_;
  const WorkerOptions& workers_;
  const std::function<void(std::int64_t)>& progress_;
  SystemSearchRun run_;
  std::vector<const SystemChoice*> waiting_;  ///< rivals that are not simulated, best first
};

}  // namespace

std::size_t SystemSearchRun::simulated() const {
  return static_cast<std::size_t>(
      std::count_if(commons.begin(), commons.end(),
                    [](const SimulatedChoice& common) { return common.simulation.has_value(); }));
}

bool SystemSearchRun::is_decided() const {
  return !is_partial && open == 0 && (gaps >= kLeastGaps || simulated() == estimated);
}

SystemSearchRun simulate_choices(const SearchSpec& spec, const DegreeSearchResult& result,
                                 const WorkerOptions& workers,
                                 const std::function<void(std::int64_t)>& progress) {
  return Run(spec, result, workers, progress).run();
}

}  // namespace simdse
