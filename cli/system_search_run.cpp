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
    std::vector<SimulatedChoice*> first;
    for (SimulatedChoice& baseline : run_.baselines) first.push_back(&baseline);
    first.push_back(&run_.commons.front());
    if (run_.mosaic) first.push_back(&*run_.mosaic);
    simulate(first);
    climb_down();
    for (const SystemChoice* rival : waiting_) run_.open += would_be_best(*rival);
    std::stable_sort(run_.commons.begin(), run_.commons.end(),
                     [&](const SimulatedChoice& a, const SimulatedChoice& b) {
                       return simulated_worth(a) > simulated_worth(b);
                     });
    return std::move(run_);
  }

 private:
  /// Side by side; what is interrupted stays without a simulation.
  void simulate(const std::vector<SimulatedChoice*>& choices) {
    std::vector<SimulatedChoice*> own;
    std::vector<SystemJob> jobs;
    for (SimulatedChoice* of : choices) {
      if (twin_of(*of) != of) continue;
      const SystemChoice& choice = *of->choice;
      own.push_back(of);
      jobs.push_back({result_.step->step, *choice.network, choice.places});
    }
    std::vector<SystemOutcome> outcomes = simulate_systems(jobs, workers_, [&](std::size_t done) {
      if (progress_) progress_(static_cast<std::int64_t>(run_.gaps + done));
    });
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (outcomes[i].is_interrupted) {
        run_.is_partial = true;
        continue;
      }
      own[i]->simulation = outcomes[i].value();
      ++run_.gaps;
      // Whatever the objective, the worth is the throughput times what the estimate knows exactly.
      const double gap = own[i]->choice->estimate.time / own[i]->simulation->time - 1;
      run_.most_favourable = std::max(run_.most_favourable.value_or(gap), gap);
    }
    for (SimulatedChoice* of : choices) {
      if (const SimulatedChoice* twin = twin_of(*of); twin != of) of->simulation = twin->simulation;
    }
  }

  /// The first baseline with the same chips, which is simulated for both; or the choice itself.
  const SimulatedChoice* twin_of(const SimulatedChoice& of) const {
    const PlaceDesigns& places = of.choice->places;
    for (const SimulatedChoice& baseline : run_.baselines) {
      const PlaceDesigns& other = baseline.choice->places;
      if (other.designs == places.designs && other.of_place == places.of_place) return &baseline;
    }
    return &of;
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
    // As many as two processors simulate side by side, and few enough not to overshoot by much:
    // the same for any number of workers, so that the answer is, too.
    constexpr std::size_t at_a_time = 2;
    while (!run_.is_partial && run_.commons.size() < spec_.simulations) {
      const std::size_t room = spec_.simulations - run_.commons.size();
      std::vector<SimulatedChoice> next;
      for (auto rival = waiting_.begin();
           rival != waiting_.end() && next.size() < std::min(at_a_time, room);) {
        if (run_.gaps + next.size() < kLeastGaps || would_be_best(**rival)) {
          next.push_back({*rival, {}});
          rival = waiting_.erase(rival);
        } else {
          ++rival;
        }
      }
      if (next.empty()) return;
      std::vector<SimulatedChoice*> all;
      for (SimulatedChoice& choice : next) all.push_back(&choice);
      simulate(all);
      for (SimulatedChoice& choice : next) {
        if (choice.simulation) {
          run_.commons.push_back(std::move(choice));
        } else {
          waiting_.push_back(choice.choice);
        }
      }
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
