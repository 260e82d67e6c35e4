#include <fmt/core.h>

#include <iostream>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/report/json_report.h"
#include "cli/report/negative_report.h"
#include "cli/report/output_folder.h"
#include "cli/report/search_json.h"
#include "cli/report/search_report.h"
#include "cli/report/set_report.h"
#include "cli/report/system_report.h"
#include "cli/search_run.h"

namespace po = boost::program_options;

namespace simdse {
namespace {

void print_written(const OutputFolder& folder) {
  std::cout << "wrote       " << folder.path() << "/{";
  for (std::size_t i = 0; i < folder.names().size(); ++i) {
    std::cout << (i == 0 ? "" : ", ") << folder.names()[i];
  }
  std::cout << "}\n";
}

/// Does `work`, of which a negative answer is left in the folder like any other; an interrupt
/// before there is anything leaves what was there.
template <class Work>
auto with_answer(OutputFolder& folder, bool as_json, const nlohmann::ordered_json& inputs,
                 Work&& work) {
  try {
    return work();
  } catch (const NegativeResult& nothing) {
    if (InterruptWatch::is_interrupted()) {
      folder.put_back();
    } else {
      const nlohmann::ordered_json json = negative_json(inputs, nothing.what());
      write_negative(folder, json);
      if (as_json) std::cout << json.dump(2) << '\n';
    }
    throw;
  }
}

int search_set(const Arguments& arguments, const DataFiles& files) {
  if (arguments.has("seed")) {
    throw InputError("search: --seed goes with a search of one workload, not with a set");
  }
  SetSpec spec = load_set(arguments.get<std::string>("search"), files, arguments.overrides());
  OutputFolder folder(arguments.has("output") ? arguments.get<std::string>("output")
                                              : fmt::format("out/{}", spec.name),
                      result_files());
  const bool as_json = arguments.has("json");
  WorkerOptions workers;
  workers.workers = arguments.jobs();
  workers.is_interrupted = InterruptWatch::is_interrupted;
  nlohmann::ordered_json inputs = nlohmann::ordered_json::array();
  for (const SetMember& member : spec.members) inputs.push_back(inputs_json(member.search));
  const SetRun run = with_answer(folder, as_json, inputs, [&] {
    return run_whole_set(std::move(spec), workers, simulation_job, [&](const SetRun& ready) {
      folder.set_aside();
      if (!as_json) std::cout << set_header(ready) << std::flush;
    });
  });
  write_set(folder, run);
  if (as_json) {
    std::cout << set_json(run).dump(2) << '\n';
  } else {
    std::cout << set_text(run);
    print_written(folder);
  }
  return run.is_partial ? kInterrupted : kDone;
}

int search_chips_of_system(const Arguments& arguments, SearchSpec& spec) {
  if (arguments.has("seed")) {
    throw InputError("search: --seed goes with a search of one chip, not with a system");
  }
  OutputFolder folder(arguments.has("output") ? arguments.get<std::string>("output")
                                              : fmt::format("out/{}-{}", spec.name, identity(spec)),
                      result_files());
  const bool as_json = arguments.has("json");
  WorkerOptions workers;
  workers.workers = arguments.jobs();
  workers.is_interrupted = InterruptWatch::is_interrupted;
  spec.options.is_interrupted = InterruptWatch::is_interrupted;
  FirstStep first = first_step(spec);
  folder.set_aside();
  if (!as_json) std::cout << system_search_header(spec, first) << std::flush;
  const DegreeSearchResult result = with_answer(folder, as_json, inputs_json(spec), [&] {
    Progress progress("search", 0);
    return search_degrees(spec, std::move(first),
                          [&](std::int64_t done) { progress.update(done); });
  });
  Progress progress("simulate", 0);
  const SystemSearchRun run =
      simulate_choices(spec, result, workers, [&](std::int64_t done) { progress.update(done); });
  const SystemSearchReport report{spec, result, run};
  write_system_search(folder, report);
  if (as_json) {
    std::cout << system_search_json(report).dump(2) << '\n';
  } else {
    std::cout << system_search_text(report);
    print_written(folder);
  }
  return run.is_partial ? kInterrupted : kDone;
}

int search(const Arguments& arguments, const DataFiles& files) {
  SearchRunOptions options;
  options.is_interrupted = InterruptWatch::is_interrupted;
  options.workers = arguments.jobs();
  if (arguments.has("seed")) options.seed = arguments.get<std::uint64_t>("seed");
  SearchSpec spec = load_search(arguments.get<std::string>("search"), files, arguments.overrides());
  if (spec.system) return search_chips_of_system(arguments, spec);
  const std::string path = arguments.has("output")
                               ? arguments.get<std::string>("output")
                               : fmt::format("out/{}-{}", spec.name, identity(spec));
  OutputFolder folder(path, result_files());
  const bool as_json = arguments.has("json");
  const std::string trace_path = folder.reserve("trace.pftrace");
  const nlohmann::ordered_json inputs = inputs_json(spec);
  const SearchRun run = with_answer(folder, as_json, inputs, [&] {
    return run_whole_search(std::move(spec), options, trace_path, [&](const SearchRun& ready) {
      folder.set_aside();
      if (!as_json) std::cout << search_header(ready.spec, *ready.setup) << std::flush;
    });
  });
  write_results(folder, run);
  if (as_json) {
    std::cout << search_json(run).dump(2) << '\n';
  } else {
    std::cout << search_text(run);
    print_written(folder);
  }
  return run.is_partial ? kInterrupted : kDone;
}

}  // namespace

int run_search(const CommandContext& context) {
  Arguments arguments("search",
                      "SEARCH.yaml [-o OUT] [-j N] [--seed S] [--set path=value] [--json]",
                      "simdse search configs/searches/bert_large.yaml -o out/bert");
  arguments.options().add_options()(
      "search", po::value<std::string>(),
      "a search file (of one chip, or with `system` of many), or a set of them")(
      "output,o", po::value<std::string>(),
      "folder for results.json, best.yaml, operators.csv, search_log.jsonl and trace.pftrace "
      "(default: out/NAME-HASH)")(
      "seed", po::value<std::uint64_t>(),
      "simulate in an order shuffled by this seed: the only thing that is ever random here, and no "
      "result depends on it")("set", po::value<std::vector<std::string>>()->composing(),
                              "override a value of the search file: path=value")(
      "json", "print results.json");
  arguments.add_jobs("simulations at a time (default: one per processor)");
  arguments.positional("search");
  if (!arguments.parse(context)) return kDone;
  const InterruptWatch watch;
  try {
    const bool is_set = is_set_file(arguments.get<std::string>("search"), context.files);
    return (is_set ? search_set : search)(arguments, context.files);
  } catch (const NegativeResult& nothing) {
    if (!InterruptWatch::is_interrupted()) throw;
    std::cerr << "simdse: " << nothing.what() << '\n';
    return kInterrupted;
  }
}

}  // namespace simdse
