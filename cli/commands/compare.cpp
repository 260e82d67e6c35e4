#include <fmt/core.h>

#include <iostream>

#include "cli/command.h"
#include "cli/compare_run.h"
#include "cli/interrupt.h"
#include "cli/report/compare_report.h"
#include "cli/report/search_json.h"
#include "cli/report/search_report.h"

namespace po = boost::program_options;

namespace simdse {
namespace {

CompareOptions options_of(const Arguments& arguments, const DataFiles& files) {
  constexpr std::int64_t most_evaluations = 1'000'000'000;
  constexpr std::int64_t most_cost_calls = 1'000'000'000'000'000;
  CompareOptions options;
  options.methods = read_methods(arguments.get<std::string>("with"), files);
  options.seeds = arguments.number<std::uint64_t>("seeds", 1, 1000, options.seeds);
  if (arguments.has("evaluations") && arguments.has("budget-factor")) {
    throw InputError("compare: --evaluations and --budget-factor exclude each other");
  }
  if (arguments.has("evaluations")) {
    options.evaluations = arguments.number<std::int64_t>("evaluations", 1, most_evaluations, 0);
  }
  options.budget_factor = arguments.number("budget-factor", 1e-3, 1e6, options.budget_factor);
  if (arguments.has("cost-calls")) {
    options.cost_calls = arguments.number<std::int64_t>("cost-calls", 1, most_cost_calls, 0);
  }
  options.workers = arguments.jobs();
  options.is_interrupted = InterruptWatch::is_interrupted;
  return options;
}

}  // namespace

int run_compare(const CommandContext& context) {
  Arguments arguments("compare",
                      "SEARCH.yaml --with NAME[,NAME...] [--seeds N] [--evaluations N | "
                      "--budget-factor F] [-o OUT] [-j N] [--set path=value] [--json]",
                      "simdse compare configs/searches/mobilenet_v3_large.yaml --with "
                      "random,genetic,tpu_v2 --seeds 3 -o out/rivals");
  std::string rival_names;
  for (const Rival& rival : rivals()) rival_names += std::string(rival.name) + ", ";
  arguments.options().add_options()("search", po::value<std::string>(), "a search file")(
      "with", po::value<std::string>(),
      ("what to compare the search with, separated by commas: " + rival_names +
       "all of these, or designs by name or path")
          .c_str())("seeds", po::value<std::uint64_t>(),
                    "runs of every method that draws at random, with seeds 1, 2, ... (default: 3)")(
      "evaluations", po::value<std::int64_t>(),
      "evaluations that each run of a rival is given; the search ends by itself")(
      "budget-factor", po::value<double>(),
      "instead: so many times the evaluations that the search made (default: 31)")(
      "cost-calls", po::value<std::int64_t>(), "also end a run after so many layer-cost calls")(
      "output,o", po::value<std::string>(),
      "folder for compare.json, convergence.csv and compare.md (default: out/compare-NAME-HASH)")(
      "set", po::value<std::vector<std::string>>()->composing(),
      "override a value of the search file: path=value")("json", "print compare.json");
  arguments.add_jobs("runs at a time (default: one per processor)");
  arguments.positional("search");
  if (!arguments.parse(context)) return kDone;
  const CompareOptions options = options_of(arguments, context.files);
  SearchSpec spec =
      load_search(arguments.get<std::string>("search"), context.files, arguments.overrides());
  require_one_chip(spec);
  const std::string path = arguments.has("output")
                               ? arguments.get<std::string>("output")
                               : fmt::format("out/compare-{}-{}", spec.name, identity(spec));
  OutputFolder folder(path, comparison_files());
  const bool as_json = arguments.has("json");
  const InterruptWatch watch;
  const CompareRun run = run_comparison(std::move(spec), options, [&](const CompareRun& ready) {
    folder.set_aside();
    if (!as_json) std::cout << search_header(ready.spec, *ready.setup) << std::flush;
  });
  write_comparison(folder, run);
  if (as_json) {
    std::cout << compare_json(run).dump(2) << '\n';
  } else {
    std::cout << compare_text(run) << "wrote       " << folder.path()
              << "/{compare.json, convergence.csv, compare.md}\n";
  }
  return run.is_partial ? kInterrupted : kDone;
}

}  // namespace simdse
