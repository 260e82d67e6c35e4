#include <fmt/core.h>

#include <algorithm>
#include <iostream>

#include "cli/commands/validate_schedules.h"
#include "cli/commands/validate_search.h"
#include "cli/references/comparison_report.h"
#include "cli/report/progress.h"

namespace po = boost::program_options;

namespace simdse {
namespace {

std::vector<Reference> load_references(const Arguments& arguments, const DataFiles& files) {
  std::vector<std::string> names = files.names("configs/references");
  if (arguments.has("only")) names = arguments.get<std::vector<std::string>>("only");
  std::vector<Reference> references;
  for (const std::string& name : names) references.push_back(load_reference(name, files));
  return references;
}

int status_of(const std::vector<ReferenceResult>& results) {
  int status = kDone;
  for (const ReferenceResult& result : results) {
    for (const TableResult& table : result.tables) {
      for (const RowResult& row : table.rows) {
        if (row.is_bad_input) return kBadInput;
        if (!row.failure.empty()) status = kNegative;
      }
    }
  }
  return status;
}

int validate_references(const Arguments& arguments, const DataFiles& files) {
  const std::vector<Reference> references = load_references(arguments, files);
  std::int64_t rows = 0;
  for (const Reference& reference : references) {
    for (const ReferenceTable& table : reference.tables) {
      rows += static_cast<std::int64_t>(table.rows.size());
    }
  }
  Progress progress("references", rows);
  const std::vector<ReferenceResult> results =
      compare_with(references, files, arguments.jobs(),
                   [&](std::size_t done) { progress.update(static_cast<std::int64_t>(done)); });
  if (arguments.has("json")) {
    std::cout << comparison_json(results).dump(2) << '\n';
  } else if (arguments.has("markdown")) {
    std::cout << comparison_markdown(results);
  } else {
    std::cout << comparison_text(results);
  }
  return status_of(results);
}

/// What can be validated, and the options that only make sense with it.
struct Subject {
  const char* option;
  const char* name;  ///< as the user would give it
  std::vector<std::string> own;
  int (*run)(const Arguments&, const DataFiles&);
};

const Subject& chosen_subject(const Arguments& arguments) {
  static const std::vector<Subject> all = {
      {"search",
       "a search file",
       {"designs", "seed", "explain", "output", "set", "jobs"},
       validate_designs},
      {"references", "--references", {"only", "markdown", "jobs"}, validate_references},
      {"schedules",
       "--schedules",
       {"workload", "design", "tasks", "pieces", "nodes", "set"},
       validate_schedules},
  };
  const Subject* chosen = nullptr;
  for (const Subject& subject : all) {
    if (!arguments.has(subject.option)) continue;
    if (chosen != nullptr) {
      throw InputError(
          fmt::format("validate: {} and {} are two things; give one", chosen->name, subject.name));
    }
    chosen = &subject;
  }
  if (chosen == nullptr) {
    throw InputError(
        "validate: give a search file, or the folder of one, or --references, or --schedules");
  }
  for (const Subject& subject : all) {
    for (const std::string& option : subject.own) {
      const auto& mine = chosen->own;
      if (!arguments.has(option) || std::find(mine.begin(), mine.end(), option) != mine.end()) {
        continue;
      }
      throw InputError(fmt::format("validate: --{} goes with {}", option, subject.name));
    }
  }
  return *chosen;
}

}  // namespace

int run_validate(const CommandContext& context) {
  Arguments arguments(
      "validate",
      "SEARCH.yaml|OUT [--designs N] [--seed S] [-j N] [-o OUT] [--set path=value] "
      "[--json]\n"
      "       simdse validate --references [--only NAME] [-j N] [--markdown | --json]\n"
      "       simdse validate --schedules [--workload W] [--design D] [--tasks N] [--pieces N] "
      "[--nodes N] [--set path=value] [--json]",
      "simdse validate configs/searches/bert_large.yaml --designs 200 -o out/gap\n"
      "  simdse validate --references --only tpu_v3_core\n"
      "  simdse validate --schedules --workload gnmt --nodes 20000");
  add_search_options(arguments);
  arguments.options().add_options()("references",
                                    "compare with silicon and independent tools, row by row")(
      "only", po::value<std::vector<std::string>>()->composing(),
      "of configs/references, or a path; may be repeated (default: all)")(
      "markdown", "for documents")("json", "for scripts");
  add_schedule_options(arguments);
  arguments.add_jobs("simulations or rows at a time (default: one per processor)");
  if (!arguments.parse(context)) return kDone;
  return chosen_subject(arguments).run(arguments, context.files);
}

}  // namespace simdse
