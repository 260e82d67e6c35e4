#include "cli/commands/validate_search.h"

#include <fmt/core.h>

#include <filesystem>
#include <iostream>
#include <optional>

#include "cli/report/output_folder.h"
#include "cli/report/search_json.h"
#include "cli/report/search_report.h"
#include "cli/report/validation_report.h"
#include "cli/system_validation.h"

namespace po = boost::program_options;

namespace simdse {

void add_search_options(Arguments& arguments) {
  arguments.options().add_options()("search", po::value<std::string>(),
                                    "a search file, or the folder that a search has written")(
      "designs", po::value<int>(), "designs to draw from the file's space (default 200)")(
      "seed", po::value<std::uint64_t>(), "which designs are drawn (default 1)")(
      "explain", po::value<int>(),
      "designs whose gap is traced to its causes, the fastest (default 3)")(
      "output,o", po::value<std::string>(), "folder for designs.csv and validation.json")(
      "set", po::value<std::vector<std::string>>()->composing(),
      "override a value of the search file: path=value");
  arguments.positional("search");
}

int validate_designs(const Arguments& arguments, const DataFiles& files) {
  ValidationOptions options;
  options.designs = static_cast<std::size_t>(arguments.number("designs", 2, 100000, 200));
  options.explained = static_cast<std::size_t>(arguments.number("explain", 0, 1000, 3));
  options.workers = arguments.jobs();
  if (arguments.has("seed")) options.seed = arguments.get<std::uint64_t>("seed");
  const auto search = arguments.get<std::string>("search");
  const bool is_folder = std::filesystem::is_directory(search);
  if (is_folder) {
    for (const char* unused : {"designs", "seed", "explain", "jobs", "set"}) {
      if (!arguments.has(unused)) continue;
      throw InputError(fmt::format("validate: --{} has no meaning for the stored results in {}",
                                   unused, search));
    }
  }
  std::optional<OutputFolder> folder;
  if (arguments.has("output")) {
    folder.emplace(arguments.get<std::string>("output"),
                   std::vector<std::string>{"designs.csv", "validation.json"});
  }
  const bool as_json = arguments.has("json");
  Validation validation;
  if (is_folder) {
    validation = validate_results((std::filesystem::path(search) / "results.json").string());
  } else {
    SearchSpec spec = load_search(search, files, arguments.overrides());
    if (spec.system && arguments.has("explain")) {
      throw InputError("validate: --explain goes with a search of one chip, not with a system");
    }
    if (folder) folder->set_aside();
    if (spec.system) {
      if (!as_json) {
        std::cout << fmt::format(
                         "{} on {} ({} chips): designs, each with degrees that are drawn too\n",
                         spec.workload.name, spec.system->name, spec.system->network->chips())
                  << std::flush;
      }
      validation = validate_system_search(spec, options);
    } else {
      const TrainingSetup setup(spec.workload);
      if (!as_json) std::cout << search_header(spec, setup) << std::flush;
      validation = validate_search(spec, setup, options);
    }
  }
  const std::string json = validation_json(validation).dump(2) + '\n';
  if (folder) {
    folder->write("designs.csv", validation_csv(validation));
    folder->write("validation.json", json);
    folder->commit();
  }
  std::cout << (as_json ? json : validation_text(validation));
  if (folder && !as_json) {
    std::cout << fmt::format("wrote       {}/{{designs.csv, validation.json}}\n", folder->path());
  }
  return kDone;
}

}  // namespace simdse
