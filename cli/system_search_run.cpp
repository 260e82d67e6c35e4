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
      : spec_(spec), result_(result), workers_(workers), progress_(progress) {}

  SystemSearchRun run() {
    const SystemSearchResult& found = result_.found;
    run_.estimated = 1 + found.rivals.size();
    try {
      for (const SystemChoice& baseline : found.baselines) {
        run_.baselines.push_back({&baseline, {}});
        simulate(run_.baselines.back());
      }
      run_.commons.push_back({&found.common, {}});
      simulate(run_.commons.back());
      if (found.has_mosaic()) {
        run_.mosaic = SimulatedChoice{&found.mosaic, {}};
        simulate(*run_.mosaic);
      }
      climb_down();
    } catch (const NegativeResult&) {
      run_.is_partial = true;
    }
    complete();
    return std::move(run_);
  }

 private:
  void simulate(SimulatedChoice& of) {
    const SystemChoice& choice = *of.choice;
    of.simulation = known(choice);
    if (!of.simulation) {
      of.simulation = simulate_system(result_.step->step, *choice.network, choice.places, workers_);
    }
    const double ratio = simulated_worth(of) / choice.worth;
    if (choice.worth > 0) most_ = std::max(most_.value_or(ratio), ratio);
    if (progress_) progress_(++done_);
  }

  /// Of a baseline that is a candidate as well.
  std::optional<SystemSimulation> known(const SystemChoice& choice) const {
    for (const SimulatedChoice& baseline : run_.baselines) {
      if (baseline.choice->places.designs == choice.places.designs) return baseline.simulation;
    }
    return {};
  }

  /// -1 if it is slower than the first baseline where that does not count.
  double simulated_worth(const SimulatedChoice& of) const {
    if (!of.simulation) return -1;
    const auto samples = static_cast<double>(result_.step->step.batch());
    const Objective objective = spec_.options.objectives.front();
    const double throughput = samples / of.simulation->time.value();
    ThroughputFloor floor;
    if (!run_.baselines.empty() && run_.baselines.front().simulation) {
      floor.samples_per_second = samples / run_.baselines.front().simulation->time.value();
    }
    return floor.allows(objective, throughput) ? worth(objective, throughput, 0, of.choice->tdp)
                                               : -1;
  }

  double best() const {
    double best = -1;
    for (const SimulatedChoice& common : run_.commons) {
      best = std::max(best, simulated_worth(common));
    }
    return best;
  }

  bool is_open(const SystemChoice& rival) const {
    return done_ < static_cast<std::int64_t>(kLeastGaps) || rival.worth * *most_ > best();
  }

  void climb_down() {
    const std::vector<SystemChoice>& rivals = result_.found.rivals;
    for (; next_ < rivals.size() && is_open(rivals[next_]); ++next_) {
      if (run_.commons.size() >= spec_.simulations) return;
      run_.commons.push_back({&rivals[next_], {}});
      simulate(run_.commons.back());
    }
  }

  void complete() {
    if (run_.commons.empty()) run_.commons.push_back({&result_.found.common, {}});
    std::stable_sort(run_.commons.begin(), run_.commons.end(),
                     [&](const SimulatedChoice& a, const SimulatedChoice& b) {
                       return simulated_worth(a) > simulated_worth(b);
                     });
    if (!most_) return;
    run_.most_favourable = *most_ - 1;
    const std::vector<SystemChoice>& rivals = result_.found.rivals;
    for (std::size_t i = next_; i < rivals.size(); ++i) run_.open += is_open(rivals[i]);
  }

  const SearchSpec& spec_;
  const DegreeSearchResult& result_;
  const WorkerOptions& workers_;
  const std::function<void(std::int64_t)>& progress_;
  SystemSearchRun run_;
  std::optional<double> most_;  ///< ratio of simulated to estimated worth
  std::size_t next_ = 0;        ///< of the rivals
  std::int64_t done_ = 0;
};

}  // namespace

SystemSearchRun simulate_choices(const SearchSpec& spec, const DegreeSearchResult& result,
                                 const WorkerOptions& workers,
                                 const std::function<void(std::int64_t)>& progress) {
  return Run(spec, result, workers, progress).run();
}

}  // namespace simdse
