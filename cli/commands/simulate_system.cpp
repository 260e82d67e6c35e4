#include "cli/commands/simulate_system.h"

#include <fmt/core.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/overrides.h"
#include "cli/report/table.h"
#include "cli/system_step.h"
#include "models/base/byte_text.h"
#include "models/base/error.h"
#include "models/base/quantity_text.h"

namespace simdse {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kGib = 1024.0 * 1024 * 1024;

/// Overrides that begin with "workload.", without that, and the others.
struct SystemOverrides {
  std::vector<Override> workload;
  std::vector<Override> system;
};

SystemOverrides split(const std::vector<Override>& overrides) {
  SystemOverrides result;
  const std::string prefix = "workload.";
  for (Override override_value : overrides) {
    if (override_value.path.rfind(prefix, 0) == 0) {
      override_value.path.erase(0, prefix.size());
      result.workload.push_back(std::move(override_value));
    } else {
      result.system.push_back(std::move(override_value));
    }
  }
  result.system = own_overrides(std::move(result.system), "system");
  return result;
}

/// The degrees that the estimate takes to be the fastest, of those that fit.
struct Choice {
  std::unique_ptr<SystemStep> step;
  std::size_t tried = 0;
  std::size_t left_out = 0;
};

Choice choose(const Arguments& arguments, const CommandContext& context,
              const std::vector<Override>& workload_overrides, const System& system,
              const Parallelism& wanted) {
  Choice choice;
  std::optional<double> best;
  std::optional<InputError> refusal;
  const std::vector<Parallelism> all =
      wanted.is_complete() ? std::vector<Parallelism>{wanted} : fill_in_degrees(wanted);
  for (const Parallelism& parallelism : all) {
    try {
      auto step = std::make_unique<SystemStep>(
          load_microbatch(arguments.get<std::string>("workload"), context.files, workload_overrides,
                          parallelism),
          parallelism, system.chip->memory().capacity());
      ++choice.tried;
      if (all.size() > 1) {
        std::vector<Seconds> times;
        for (const PlannedEstimate& plan : plan_pieces(*system.chip, step->step)) {
          times.push_back(plan.estimate.time);
        }
        const SystemEstimate estimate = estimate_system(
            step->step, *system.network, PieceTimes({times}, parallelism.data),
            std::vector<std::size_t>(static_cast<std::size_t>(parallelism.pipeline), 0));
        const double throughput = static_cast<double>(step->step.batch()) / estimate.time.value();
        if (best && throughput <= *best) continue;
        best = throughput;
      }
      choice.step = std::move(step);
    } catch (const InputError& error) {
      ++choice.left_out;
      if (!refusal) refusal = error;
    }
  }
  if (!choice.step) throw *refusal;
  return choice;
}

std::string text_of(const Parallelism& parallelism) {
  std::string text =
      fmt::format("tensor {} x pipeline {} x data {}, {} of {} microbatches of {}",
                  parallelism.tensor, parallelism.pipeline, parallelism.data,
                  pipeline_schedule_names()[static_cast<std::size_t>(parallelism.schedule)],
                  parallelism.microbatch_count(), parallelism.microbatch);
  if (parallelism.interleave > 1) text += fmt::format(", {} chunks each", parallelism.interleave);
  if (parallelism.sequence_parallel) text += ", sequence parallel";
  if (parallelism.zero > 0) text += fmt::format(", ZeRO-{}", parallelism.zero);
  return text;
}

/// By pipeline place, the shares of its chips' time, on average.
std::vector<RankTime> by_place(const SystemStep& step, const SystemResult& result) {
  const Parallelism& parallelism = step.step.parallelism();
  const std::int64_t per_place = parallelism.tensor * parallelism.data;
  std::vector<RankTime> places(static_cast<std::size_t>(parallelism.pipeline));
  for (std::size_t rank = 0; rank < result.ranks.size(); ++rank) {
    RankTime& place = places[rank / static_cast<std::size_t>(per_place)];
    const double share = 1.0 / static_cast<double>(per_place);
    place.compute += result.ranks[rank].compute * share;
    place.exchange += result.ranks[rank].exchange * share;
    place.bubble += result.ranks[rank].bubble * share;
  }
  return places;
}

double mfu(const System& system, const SystemStep& step, Seconds time) {
  const double peak = system.chip->peak_macs_per_second() *
                      static_cast<double>(step.step.parallelism().chips) * time.value();
  return (step.step.macs() - step.step.recomputed_macs()) / peak;
}

void print(const System& system, const SystemStep& step, const Choice& choice,
           const SystemResult& result) {
  const auto batch = static_cast<double>(step.step.batch());
  const Parallelism& parallelism = step.step.parallelism();
  std::cout << fmt::format("{} on {} ({} chips like {})\n", step.workload.name, system.name,
                           system.network->chips(), system.chip->design().name)
            << fmt::format("parallel     {}\n", text_of(parallelism));
  const std::string warning = microbatch_warning(parallelism.schedule, step.step.shape());
  if (!warning.empty()) std::cout << fmt::format("warning      {}\n", warning);
  if (choice.tried + choice.left_out > 1) {
    std::cout << fmt::format(
        "degrees      the fastest of {} by the estimate; {} more don't suit the network or the "
        "memory\n",
        choice.tried, choice.left_out);
  }
  std::cout << fmt::format("pieces       {} distinct; {} events simulated tile by tile\n",
                           step.step.pieces().size(), result.piece_events)
            << fmt::format("simulated    {:.5g} s per step of {} samples: {:.5g} samples/s\n",
                           result.simulated.value(), step.step.batch(),
                           batch / result.simulated.value())
            << fmt::format("estimate     {:.5g} s: gap {:+.1f} %\n", result.estimate.value(),
                           result.gap() * 100)
            << fmt::format("MFU          {:.1f} %\n", mfu(system, step, result.simulated) * 100)
            << fmt::format("messages     {} between chips, {} events\n", result.messages,
                           result.events);
  Table table;
  for (const char* heading : {"stage", "memory GiB", "compute %", "exchange %", "bubble %"}) {
    table.add_column(heading, Table::Align::right);
  }
  const std::vector<RankTime> places = by_place(step, result);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto percent = [](double share) { return fmt::format("{:.1f}", share * 100); };
    table.add_row({fmt::format("{}", i),
                   fmt::format("{:.2f}", to_double(step.memory.places[i].total()) / kGib),
                   percent(places[i].compute), percent(places[i].exchange),
                   percent(places[i].bubble)});
  }
  std::cout << table.text();
}

Json to_json(const System& system, const SystemStep& step, const SystemResult& result) {
  const auto batch = static_cast<double>(step.step.batch());
  const Parallelism& parallelism = step.step.parallelism();
  Json json = {
      {"schema_version", 1},
      {"workload", step.workload.name},
      {"system", system.name},
      {"parallel",
       {{"tensor", parallelism.tensor},
        {"pipeline", parallelism.pipeline},
        {"data", parallelism.data},
        {"microbatch", parallelism.microbatch},
        {"microbatches", parallelism.microbatch_count()},
        {"schedule", pipeline_schedule_names()[static_cast<std::size_t>(parallelism.schedule)]},
        {"interleave", parallelism.interleave},
        {"sequence_parallel", parallelism.sequence_parallel},
        {"zero", parallelism.zero}}},
      {"time_s", result.simulated.value()},
      {"throughput_samples_per_s", batch / result.simulated.value()},
      {"estimate_time_s", result.estimate.value()},
      {"estimate_throughput_samples_per_s", batch / result.estimate.value()},
      {"gap", result.gap()},
      {"mfu", mfu(system, step, result.simulated)},
      {"distinct_pieces", step.step.pieces().size()},
      {"messages", result.messages},
      {"events", result.events},
      {"stages", Json::array()}};
  RankTime mean;
  const std::vector<RankTime> places = by_place(step, result);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const double share = 1.0 / static_cast<double>(places.size());
    mean.compute += places[i].compute * share;
    mean.exchange += places[i].exchange * share;
    mean.bubble += places[i].bubble * share;
    json["stages"].push_back({{"memory_bytes", step.memory.places[i].total().value()},
                              {"compute", places[i].compute},
                              {"exchange", places[i].exchange},
                              {"bubble", places[i].bubble}});
  }
  json["breakdown"] = {
      {"compute", mean.compute}, {"exchange", mean.exchange}, {"bubble", mean.bubble}};
  return json;
}

}  // namespace

int simulate_system(const Arguments& arguments, const CommandContext& context) {
  for (const char* option : {"design", "plan", "transfer", "trace", "output", "dim", "opaque"}) {
    if (!arguments.has(option)) continue;
    throw InputError(fmt::format("simulate: --{} has no meaning with --system", option));
  }
  const SystemOverrides overrides = split(arguments.overrides());
  const System system =
      load_system(arguments.get<std::string>("system"), context.files, overrides.system);
  const Parallelism parallelism =
      read_parallelism(parse_config(arguments.get<std::string>("parallel"), "--parallel"));
  const Choice choice = choose(arguments, context, overrides.workload, system, parallelism);
  const SystemResult result = run_system_step(system, *choice.step, {});
  if (arguments.has("json")) {
    std::cout << to_json(system, *choice.step, result).dump(2) << '\n';
  } else {
    print(system, *choice.step, choice, result);
  }
  return kDone;
}

}  // namespace simdse
