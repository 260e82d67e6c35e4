#include <fmt/core.h>

#include <iostream>
#include <thread>

#include "cli/command.h"
#include "cli/report/json_report.h"
#include "cli/report/output_folder.h"
#include "cli/report/search_report.h"
#include "cli/search_run.h"

namespace po = boost::program_options;

namespace simdse {
namespace {

void write_files(OutputFolder& folder, const SearchRun& run) {
  const Contender& best = run.candidates.front();
  Design design = best.chip.design();
  design.name = best.name;
  folder.write("best.yaml", design_yaml(design));
  folder.write("operators.csv",
               operators_csv(best.chip, *run.setup, best.planned.plan, best.estimate,
                             best.simulation ? &*best.simulation : nullptr));
  folder.write("search_log.jsonl", audit_lines(run.search));
  folder.write("results.json", search_json(run).dump(2) + '\n');
  folder.commit();
}

}  // namespace

int run_search(const CommandContext& context) {
  Arguments arguments("search", "SEARCH.yaml [-o OUT] [-j N] [--set path=value] [--json]",
                      "simdse search configs/searches/bert_large.yaml -o out/bert");
  arguments.options().add_options()("search", po::value<std::string>(), "a search file")(
      "output,o", po::value<std::string>(),
      "folder for results.json, best.yaml, operators.csv, search_log.jsonl and trace.pftrace "
      "(default: out/NAME-HASH)")("jobs,j", po::value<int>(),
                                  "simulations at a time (default: one per processor)")(
      "shuffle", po::value<std::uint64_t>(),
      "simulate in an order shuffled by this seed; the result must not depend on it")(
      "set", po::value<std::vector<std::string>>()->composing(),
      "override a value of the search file: path=value")("json", "print results.json");
  arguments.positional("search");
  if (!arguments.parse(context)) return kDone;
  SearchRunOptions options;
  options.workers = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  if (arguments.has("jobs")) {
    options.workers = arguments.get<int>("jobs");
    if (options.workers < 1 || options.workers > 1024) {
      throw InputError("search: -j must lie between 1 and 1024");
    }
  }
  if (arguments.has("shuffle")) options.shuffle = arguments.get<std::uint64_t>("shuffle");
  SearchSpec spec =
      load_search(arguments.get<std::string>("search"), context.files, arguments.overrides());
  const std::string path = arguments.has("output")
                               ? arguments.get<std::string>("output")
                               : fmt::format("out/{}-{}", spec.name, identity(spec).substr(0, 4));
  OutputFolder folder(path);
  const bool as_json = arguments.has("json");
  const std::string trace_path = folder.reserve("trace.pftrace");
  const SearchRun run =
      run_whole_search(std::move(spec), options, trace_path, [&](const SearchRun& ready) {
        if (!as_json) std::cout << search_header(ready.spec, *ready.setup) << std::flush;
      });
  write_files(folder, run);
  if (as_json) {
    std::cout << search_json(run).dump(2) << '\n';
  } else {
    std::cout << search_text(run) << "wrote       " << folder.path() << "/{";
    for (std::size_t i = 0; i < folder.names().size(); ++i) {
      std::cout << (i == 0 ? "" : ", ") << folder.names()[i];
    }
    std::cout << "}\n";
  }
  return kDone;
}

}  // namespace simdse
