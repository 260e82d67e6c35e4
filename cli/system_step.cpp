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

SystemResult run_system_step(const System& system, const SystemStep& step,
                             const WorkerOptions& workers) {
  const Chip& chip = *system.chip;
  const Interconnect& network = *system.network;
  const Parallelism& parallelism = step.step.parallelism();
  if (parallelism.chips != network.chips()) {
    throw InputError(fmt::format(
        "parallel: {} chips (tensor {} x pipeline {} x data {}), but {} has {}", parallelism.chips,
        parallelism.tensor, parallelism.pipeline, parallelism.data, system.name, network.chips()));
  }
  const std::vector<PlannedEstimate> plans = plan_pieces(chip, step.step);
  std::vector<Seconds> estimated;
  std::vector<std::function<std::string()>> jobs;
  for (const PlannedEstimate& plan : plans) {
    estimated.push_back(plan.estimate.time);
    jobs.emplace_back([&chip, &plan] {
      return to_text(simulate(with_own_blocks(chip), plan.planned.plan, SimulationOptions()));
    });
  }
  const std::vector<std::size_t> design_of_place(static_cast<std::size_t>(parallelism.pipeline), 0);
  SystemResult result;
  const SystemEstimate estimate = estimate_system(
      step.step, network, PieceTimes({estimated}, parallelism.data), design_of_place);
  result.estimate = estimate.time;
  result.estimated_places = estimate.places;

  std::vector<Seconds> simulated;
  for (const JobResult& job : run_jobs(jobs, workers)) {
    const SimulationResult piece = from_text(output_of(job, "the simulation of a piece failed"));
    simulated.push_back(to_seconds(piece.time));
    result.piece_events += piece.events;
  }
  const PieceTimes times({simulated}, parallelism.data);
  const auto run = [&]() -> std::string {
    const RankWorkload work = make_rank_workload(step.step, RankScope::all, design_of_place);
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
