#include "cli/commands/simulate_ranks.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "cli/overrides.h"
#include "cli/probe/probe.h"
#include "cli/report/table.h"
#include "models/chip/work_time.h"
#include "models/network/system.h"
#include "sim/system/system_run.h"
#include "workloads/chakra/chakra_trace.h"

namespace simdse {
namespace {

using Json = nlohmann::ordered_json;

constexpr RankAction kActions[] = {RankAction::compute, RankAction::memory, RankAction::send,
                                   RankAction::receive, RankAction::collective};

/// What the programs hold, over all ranks.
struct Contents {
  std::size_t nodes = 0;
  std::size_t of_action[std::size(kActions)] = {};
  std::int64_t macs = 0;
};

Contents contents_of(const RankPrograms& programs) {
  Contents contents;
  for (const RankProgram& rank : programs.ranks) {
    for (const RankNode& node : rank.nodes) {
      ++contents.nodes;
      ++contents.of_action[static_cast<std::size_t>(node.action)];
      contents.macs += node.work.macs;
    }
  }
  return contents;
}

/// A run in a process of its own: times as a list of JSON.
Json run_apart(const System& system, const RankPrograms& programs) {
  const std::string text = simulate_apart([&] {
    const SystemRunResult result = run_system(*system.network, programs, [&](RankNodeId id) {
      return work_time(*system.chip, programs.node(id).work);
    });
    Json json = {{"simulated_time_s", to_seconds(result.time).value()},
                 {"messages", result.messages},
                 {"events", result.events},
                 {"ranks", Json::array()}};
    const auto total = static_cast<double>(std::max<Picoseconds>(1, result.time));
    for (const RankRecord& record : result.ranks) {
      json["ranks"].push_back({{"compute", static_cast<double>(record.compute) / total},
                               {"exchange", static_cast<double>(record.exchange) / total},
                               {"bubble", static_cast<double>(record.bubble) / total}});
    }
    return json.dump();
  });
  return Json::parse(text);
}

std::string report_text(const System& system, const RankPrograms& programs,
                        const Contents& contents, const Json& run) {
  std::string actions;
  for (const RankAction action : kActions) {
    const std::size_t count = contents.of_action[static_cast<std::size_t>(action)];
    if (count > 0) {
      actions += fmt::format("{}{} {}", actions.empty() ? "" : ", ", count, action_name(action));
    }
  }
  std::string text =
      fmt::format("{} on {} ({} chips like {})\n", programs.name, system.name,
                  system.network->chips(), system.chip->design().name) +
      (system.software.name.empty()
           ? ""
           : fmt::format("software     that of the traces; {} is not applied\n",
                         system.software.name)) +
      fmt::format("programs     {} ranks, {} nodes: {}; {:.6g} TMAC\n", programs.ranks.size(),
                  contents.nodes, actions, static_cast<double>(contents.macs) / 1e12) +
      fmt::format("simulated    {:.5g} ms; {} messages between chips\n",
                  run.at("simulated_time_s").get<double>() * 1e3,
                  run.at("messages").get<std::uint64_t>());
  Table table;
  for (const char* heading : {"rank", "compute %", "exchange %", "bubble %"}) {
    table.add_column(heading, Table::Align::right);
  }
  for (std::size_t i = 0; i < programs.ranks.size(); ++i) {
    const Json& rank = run.at("ranks").at(i);
    const auto percent = [&](const char* key) {
      return fmt::format("{:.1f}", rank.at(key).get<double>() * 100);
    };
    table.add_row(
        {fmt::format("{}", i), percent("compute"), percent("exchange"), percent("bubble")});
  }
  return text + table.text();
}

}  // namespace

int simulate_ranks(const Arguments& arguments, const CommandContext& context) {
  const auto folder = arguments.get<std::string>("workload");
  if (!is_chakra_folder(folder)) {
    throw InputError(fmt::format(
        "simulate: --system runs a folder of Chakra traces (NAME.0.et, NAME.1.et, ...), which "
        "'{}' is not",
        printable(folder)));
  }
  const System system = load_system(arguments.get<std::string>("system"), context.files,
                                    own_overrides(arguments.overrides(), "system"));
  const RankPrograms programs = read_chakra_traces(folder);
  if (programs.ranks.size() > static_cast<std::size_t>(system.network->chips())) {
    throw InputError(fmt::format("simulate: {} has {} ranks, but {} only {} chips", programs.name,
                                 programs.ranks.size(), system.name, system.network->chips()));
  }
  return on_chip(*system.chip, [&](const Chip& chip) {
    System own = make_system(system.name, chip, system.network->config());
    own.software = system.software;
    const Contents contents = contents_of(programs);
    const Json run = run_apart(own, programs);
    if (!arguments.has("json")) return report_text(own, programs, contents, run);
    Json json = {{"schema_version", 1},
                 {"workload", programs.name},
                 {"system", own.name},
                 {"software", nullptr}};
    for (const RankAction action : kActions) {
      json["nodes"][action_name(action)] = contents.of_action[static_cast<std::size_t>(action)];
    }
    json["macs"] = contents.macs;
    json.update(run);
    return json.dump(2) + '\n';
  });
}

}  // namespace simdse
