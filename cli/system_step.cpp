#include "cli/system_step.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "models/base/error.h"
#include "models/plugin/plugin.h"
#include "sim/run/record.h"

namespace simdse {

using Json = nlohmann::ordered_json;

namespace {

/// The result of a job, or its failure as an exception.
const std::string& output_of(const JobResult& result, const std::string& what) {
  if (!result.ok) throw std::runtime_error(fmt::format("{}: {}", what, result.failure));
  return result.output;
}

}  // namespace

SystemStep::SystemStep(Workload microbatch, const Parallelism& parallelism, Bytes chip_memory)
    : workload(std::move(microbatch)),
      memory(plan_memory_that_fits(workload, parallelism, chip_memory)),
      step(workload, parallelism, memory.first) {}

Workload load_microbatch(const std::string& name_or_path, const DataFiles& files,
                         std::vector<Override> overrides, const Parallelism& parallelism) {
  overrides.push_back(parse_override(fmt::format("batch={}", parallelism.microbatch)));
  Workload workload = load_workload(name_or_path, files, overrides);
  if (parallelism.recompute) workload.training.recompute = *parallelism.recompute;
  return workload;
}

SystemEstimate estimate_system_step(const Interconnect& network, const SystemStep& step,
                                    const PlaceDesigns& places) {
  std::vector<std::vector<Seconds>> times;
  for (const auto& chip : places.designs) {
    std::vector<Seconds>& own = times.emplace_back();
    for (const PlannedEstimate& plan : plan_pieces(*chip, step.step)) {
      own.push_back(plan.estimate.time);
    }
  }
  return estimate_system(step.step, network, PieceTimes(times, step.step.parallelism().data),
                         places.of_place);
}

SystemResult run_system_step(const System& system, const SystemStep& step,
                             const WorkerOptions& workers) {
  const auto places = static_cast<std::size_t>(step.step.parallelism().pipeline);
  return run_system_step(*system.network, step,
                         {{system.chip}, std::vector<std::size_t>(places, 0)}, workers);
}

SystemResult run_system_step(const Interconnect& network, const SystemStep& step,
                             const PlaceDesigns& places, const WorkerOptions& workers) {
  const Parallelism& parallelism = step.step.parallelism();
  if (parallelism.chips != network.chips()) {
    throw InputError(
        fmt::format("parallel: {} chips (tensor {} x pipeline {} x data {}), but the system has {}",
                    parallelism.chips, parallelism.tensor, parallelism.pipeline, parallelism.data,
                    network.chips()));
  }
  SystemResult result;
  const SystemEstimate estimate = estimate_system_step(network, step, places);
  result.estimate = estimate.time;
  result.estimated_places = estimate.places;

  std::vector<std::vector<PlannedEstimate>> plans;
  std::vector<std::function<std::string()>> jobs;
  for (const auto& design : places.designs) {
    plans.push_back(plan_pieces(*design, step.step));
    for (std::size_t i = 0; i < plans.back().size(); ++i) {
      jobs.emplace_back([&plans, chip = design.get(), at = plans.size() - 1, i] {
        return to_text(
            simulate(with_own_blocks(*chip), plans[at][i].planned.plan, SimulationOptions()));
      });
    }
  }
  const std::vector<JobResult> pieces = run_jobs(jobs, workers);
  std::vector<std::vector<Seconds>> simulated(places.designs.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const SimulationResult piece =
        from_text(output_of(pieces[i], "the simulation of a piece failed"));
    simulated[i / step.step.pieces().size()].push_back(to_seconds(piece.time));
    result.piece_events += piece.events;
  }
  const PieceTimes times(simulated, parallelism.data);
  const auto run = [&]() -> std::string {
    const RankWorkload work = make_rank_workload(step.step, RankScope::all, places.of_place);
    const SystemRunResult all = run_system(
        network, work.programs, [&](RankNodeId id) { return times.time(work.programs.node(id)); });
    Json json = {{"time", all.time},
                 {"messages", all.messages},
                 {"events", all.events},
                 {"ranks", Json::array()}};
    for (const RankRecord& record : all.ranks) {
      json["ranks"].push_back({record.compute, record.exchange, record.bubble});
    }
    return json.dump();
  };
  const std::vector<JobResult> whole = run_jobs({run}, workers);
  const Json json = Json::parse(output_of(whole.front(), "the simulation of the system failed"));
  const auto total = json.at("time").get<Picoseconds>();
  result.simulated = to_seconds(total);
  result.messages = json.at("messages").get<std::uint64_t>();
  result.events = json.at("events").get<std::uint64_t>();
  for (const Json& rank : json.at("ranks")) {
    const auto share = [&](int i) {
      return static_cast<double>(rank.at(static_cast<std::size_t>(i)).get<Picoseconds>()) /
             static_cast<double>(std::max<Picoseconds>(1, total));
    };
    result.ranks.push_back({share(0), share(1), share(2)});
  }
  return result;
}

}  // namespace simdse
