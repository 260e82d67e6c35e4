#include "cli/system_simulation.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

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

std::vector<std::string> run_all(const std::vector<std::function<std::string()>>& jobs,
                                 const WorkerOptions& workers, const std::string& what) {
  const std::vector<JobResult> results = run_jobs(jobs, workers);
  if (workers.is_interrupted && workers.is_interrupted()) {
    throw NegativeResult("interrupted while " + what + " was simulated");
  }
  std::vector<std::string> outputs;
  for (const JobResult& result : results) {
    if (!result.ok) {
      throw std::runtime_error(
          fmt::format("the simulation of {} failed: {}", what, result.failure));
    }
    outputs.push_back(result.output);
  }
  return outputs;
}

/// Times by design and piece; zero for what a design has not to do.
std::vector<std::vector<Seconds>> simulate_pieces(const DistributedStep& step,
                                                  const PlaceDesigns& places,
                                                  const WorkerOptions& workers,
                                                  SystemSimulation& result) {
  std::vector<std::vector<Seconds>> times;
  std::vector<std::function<std::string()>> jobs;
  std::vector<Seconds*> targets;
  for (std::size_t d = 0; d < places.designs.size(); ++d) {
    times.emplace_back(step.pieces().size());
  }
  for (std::size_t d = 0; d < places.designs.size(); ++d) {
    const PlannedDesign& design = *places.designs[d];
    const std::vector<bool> wanted = pieces_of(step, places, d);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!wanted[i]) continue;
      targets.push_back(&times[d][i]);
      jobs.emplace_back([&design, i] {
        return to_text(simulate(with_own_blocks(*design.chip), design.pieces[i].planned.plan,
                                SimulationOptions()));
      });
    }
  }
  const std::vector<std::string> outputs = run_all(jobs, workers, "a piece");
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const SimulationResult piece = from_text(outputs[i]);
    *targets[i] = to_seconds(piece.time);
    result.piece_events += piece.events;
  }
  return times;
}

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

SystemSimulation simulate_system(const DistributedStep& step, const Interconnect& network,
                                 const PlaceDesigns& places, const WorkerOptions& workers) {
  SystemSimulation result;
  const PieceTimes times(simulate_pieces(step, places, workers, result), step.update_share());
  const auto run = [&]() -> std::string {
    const RankWorkload work = make_rank_workload(step, RankScope::all, places.of_place);
    const SystemRunResult all = run_system(
        network, work.programs, [&](RankNodeId id) { return times.time(work.programs.node(id)); });
    const auto total = static_cast<double>(std::max<Picoseconds>(1, all.time));
    const std::size_t per_place = all.ranks.size() / places.of_place.size();
    std::vector<ChipTime> means(places.of_place.size());
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
  };
  WorkerOptions whole = workers;
  whole.hang_limit = hang_limit_or(kEndsByItself);
  const Json json = Json::parse(run_all({run}, whole, "the system").front());
  result.time = to_seconds(json.at("time").get<Picoseconds>());
  result.messages = json.at("messages").get<std::uint64_t>();
  result.events = json.at("events").get<std::uint64_t>();
  for (const Json& place : json.at("places")) {
    result.places.push_back(
        {place.at(0).get<double>(), place.at(1).get<double>(), place.at(2).get<double>()});
  }
  return result;
}

}  // namespace simdse
