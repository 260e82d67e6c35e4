#include "cli/system_simulation.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "models/base/error.h"
#include "models/plugin/plugin.h"
#include "sim/run/record.h"
#include "sim/system/system_run.h"

namespace simdse {
namespace {

using Json = nlohmann::ordered_json;

/// The pieces that are done at places of a design.
std::vector<bool> pieces_of(const DistributedStep& step, const PlaceDesigns& places,
                            std::size_t design) {
  std::vector<bool> result(step.pieces().size());
  for (std::size_t part = 0; part < step.parts().size(); ++part) {
    if (places.of_place[part % places.of_place.size()] != design) continue;
    for (const StepNode& node : step.parts()[part].nodes) {
      if (!node.is_collective()) result[static_cast<std::size_t>(node.piece)] = true;
    }
  }
  return result;
}

/// Simulates systems side by side: first the pieces of all of them, then each whole.
class SystemRuns {
 public:
  SystemRuns(const std::vector<SystemJob>& jobs, const WorkerOptions& workers)
      : jobs_(jobs), workers_(workers), outcomes_(jobs.size()) {}

  std::vector<SystemOutcome> run(const std::function<void(std::size_t)>& progress) {
    simulate_pieces();
    simulate_whole(progress);
    return std::move(outcomes_);
  }

 private:
  /// A design's piece, and what came of it.
  using PieceKey = std::pair<const PlannedDesign*, std::size_t>;

  /// Systems have designs in common: each piece of a design once.
  void simulate_pieces() {
    std::vector<std::function<std::string()>> runs;
    std::vector<PieceKey> keys;
    for (const SystemJob& job : jobs_) {
      for (std::size_t d = 0; d < job.places.designs.size(); ++d) {
        const PlannedDesign& design = *job.places.designs[d];
        const std::vector<bool> wanted = pieces_of(job.step, job.places, d);
        for (std::size_t i = 0; i < wanted.size(); ++i) {
          if (!wanted[i] || !pieces_.try_emplace({&design, i}).second) continue;
          keys.emplace_back(&design, i);
          runs.emplace_back([&design, i] {
            return to_text(simulate(with_own_blocks(*design.chip), design.pieces[i].planned.plan,
                                    SimulationOptions()));
          });
        }
      }
    }
    std::vector<JobResult> results = run_jobs(runs, workers_);
    for (std::size_t i = 0; i < keys.size(); ++i) pieces_.at(keys[i]) = std::move(results[i]);
  }

  void simulate_whole(const std::function<void(std::size_t)>& progress) {
    std::vector<std::function<std::string()>> runs;
    std::vector<SystemOutcome*> targets;
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      SystemSimulation simulation;
      std::optional<PieceTimes> times = piece_times(jobs_[i], outcomes_[i], simulation);
      if (!times) continue;
      outcomes_[i].simulation = simulation;
      targets.push_back(&outcomes_[i]);
      runs.emplace_back([&job = jobs_[i], times = std::move(*times)] { return whole(job, times); });
    }
    WorkerOptions options = workers_;
    options.hang_limit = hang_limit_or(kEndsByItself);
    const std::vector<JobResult> results = run_jobs(runs, options, progress);
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i].ok) {
        read(results[i].output, *targets[i]->simulation);
      } else {
        targets[i]->simulation.reset();
        note_failure(results[i], "the system", *targets[i]);
      }
    }
  }

  static void note_failure(const JobResult& result, const char* what, SystemOutcome& outcome) {
    outcome.is_interrupted = result.is_interrupted;
    outcome.failure = result.is_interrupted
                          ? fmt::format("interrupted while {} was simulated", what)
                          : fmt::format("the simulation of {} failed: {}", what, result.failure);
  }

  /// Times by design and piece; zero for what a design has not to do. None if a piece has none.
  std::optional<PieceTimes> piece_times(const SystemJob& job, SystemOutcome& outcome,
                                        SystemSimulation& simulation) const {
    std::vector<std::vector<Seconds>> times;
    for (std::size_t d = 0; d < job.places.designs.size(); ++d) {
      times.emplace_back(job.step.pieces().size());
      const std::vector<bool> wanted = pieces_of(job.step, job.places, d);
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (!wanted[i]) continue;
        const JobResult& result = pieces_.at({job.places.designs[d].get(), i});
        if (!result.ok) {
          note_failure(result, "a piece", outcome);
          return {};
        }
        const SimulationResult piece = from_text(result.output);
        times.back()[i] = to_seconds(piece.time);
        simulation.piece_events += piece.events;
      }
    }
    return PieceTimes(std::move(times), job.step.update_share());
  }

  static std::string whole(const SystemJob& job, const PieceTimes& times) {
    const RankWorkload work = make_rank_workload(job.step, RankScope::all, job.places.of_place);
    const SystemRunResult all = run_system(job.network, work.programs, [&](RankNodeId id) {
      return times.time(work.programs.node(id));
    });
    const auto total = static_cast<double>(std::max<Picoseconds>(1, all.time));
    const std::size_t per_place = all.ranks.size() / job.places.of_place.size();
    std::vector<ChipTime> means(job.places.of_place.size());
    for (std::size_t rank = 0; rank < all.ranks.size(); ++rank) {
      const auto share = [&](Picoseconds time) {
        return static_cast<double>(time) / total / static_cast<double>(per_place);
      };
      const RankRecord& record = all.ranks[rank];
      means[rank / per_place] +=
          {share(record.compute), share(record.exchange), share(record.bubble)};
    }
    Json json = {{"time", all.time},
                 {"messages", all.messages},
                 {"events", all.events},
                 {"places", Json::array()}};
    for (const ChipTime& mean : means) {
      json["places"].push_back({mean.compute, mean.exchange, mean.bubble});
    }
    return json.dump();
  }

  static void read(const std::string& output, SystemSimulation& simulation) {
    const Json json = Json::parse(output);
    simulation.time = to_seconds(json.at("time").get<Picoseconds>());
    simulation.messages = json.at("messages").get<std::uint64_t>();
    simulation.events = json.at("events").get<std::uint64_t>();
    for (const Json& place : json.at("places")) {
      simulation.places.push_back(
          {place.at(0).get<double>(), place.at(1).get<double>(), place.at(2).get<double>()});
    }
  }

  const std::vector<SystemJob>& jobs_;
  const WorkerOptions& workers_;
  std::vector<SystemOutcome> outcomes_;
  std::map<PieceKey, JobResult> pieces_;
};

}  // namespace

ChipTime& ChipTime::operator+=(const ChipTime& other) {
  compute += other.compute;
  exchange += other.exchange;
  bubble += other.bubble;
  return *this;
}

ChipTime SystemSimulation::mean() const {
  ChipTime sum;
  for (const ChipTime& place : places) sum += place;
  const auto count = static_cast<double>(places.size());
  return {sum.compute / count, sum.exchange / count, sum.bubble / count};
}

std::vector<SystemOutcome> simulate_systems(const std::vector<SystemJob>& jobs,
                                            const WorkerOptions& workers,
                                            const std::function<void(std::size_t)>& progress) {
  return SystemRuns(jobs, workers).run(progress);
}

SystemSimulation SystemOutcome::value() {
  if (simulation) return std::move(*simulation);
  if (is_interrupted) throw NegativeResult(failure);
  throw std::runtime_error(failure);
}

}  // namespace simdse
