#include "cli/commands/validate_schedules.h"

#include <fmt/core.h>

#include <algorithm>
#include <iostream>
#include <map>

#include "cli/overrides.h"
#include "cli/report/progress.h"
#include "cli/report/table.h"
#include "cli/training_setup.h"
#include "nlohmann/json.hpp"
#include "search/oracle/schedule_study.h"

namespace po = boost::program_options;

namespace simdse {
namespace {

struct WorkloadStudy {
  std::string workload;
  std::string skipped;  ///< why it has no cases, or ""
  std::vector<StudyCase> cases;
};

StudyOptions study_options(const Arguments& arguments) {
  StudyOptions options;
  options.tasks = arguments.number("tasks", 2, 60, options.tasks);
  options.most = arguments.number("pieces", 1, 1000, options.most);
  options.limits.nodes =
      arguments.number("nodes", 0, 1000000000, static_cast<int>(options.limits.nodes));
  return options;
}

WorkloadStudy study_workload(const std::string& name, const Workload& workload, const Chip& chip,
                             const StudyOptions& options, Progress& progress, std::int64_t& done) {
  WorkloadStudy study;
  study.workload = name;
  const TrainingSetup setup(workload);
  std::vector<TaskOptions> task_options;
  try {
    task_options = find_options(chip, setup.tasks);
  } catch (const InputError& problem) {
    study.skipped = problem.what();
    return study;
  }
  const std::vector<TaskId> pieces = choose_pieces(chip, setup.tasks, options);
  if (pieces.empty()) study.skipped = "no piece is wider than the chip has cores";
  for (const TaskId first : pieces) {
    study.cases.push_back(study_piece(chip, setup.tasks, task_options, first, options));
    progress.update(++done);
  }
  return study;
}

struct Summary {
  std::size_t pieces = 0;
  std::size_t proven = 0;
  std::size_t within = 0;  ///< of the proven, those within 3 %
  double largest = 0;      ///< excess of the proven
  double mean = 0;
};

constexpr double kClose = 0.03;

Summary summarize(const std::vector<WorkloadStudy>& studies) {
  Summary summary;
  for (const WorkloadStudy& study : studies) {
    for (const StudyCase& piece : study.cases) {
      ++summary.pieces;
      if (!piece.oracle.is_proven) continue;
      ++summary.proven;
      if (piece.excess() <= kClose) ++summary.within;
      summary.largest = std::max(summary.largest, piece.excess());
      summary.mean += piece.excess();
    }
  }
  if (summary.proven > 0) summary.mean /= static_cast<double>(summary.proven);
  return summary;
}

std::string study_text(const std::vector<WorkloadStudy>& studies) {
  using Align = Table::Align;
  Table table;
  table.add_column("workload", Align::left);
  table.add_column("from", Align::left);
  table.add_column("tasks", Align::right);
  table.add_column("width", Align::right);
  table.add_column("critical", Align::right, "path");
  table.add_column("list", Align::right, "schedule");
  table.add_column("shortest", Align::right, "found");
  table.add_column("bound", Align::right);
  table.add_column("longer", Align::right, "by");
  table.add_column("", Align::left);
  std::string notes;
  for (const WorkloadStudy& study : studies) {
    if (!study.skipped.empty()) notes += fmt::format("{}: {}\n", study.workload, study.skipped);
    for (const StudyCase& piece : study.cases) {
      table.add_row(
          {study.workload, piece.first_operator, std::to_string(piece.tasks),
           std::to_string(piece.width), fmt::format("{:.0f}", piece.critical_path),
           fmt::format("{:.0f}", piece.heuristic), fmt::format("{:.0f}", piece.oracle.makespan),
           fmt::format("{:.0f}", piece.oracle.bound), fmt::format("{:.2f} %", piece.excess() * 100),
           piece.oracle.is_proven ? "proven" : piece.oracle.unproven});
    }
  }
  const Summary summary = summarize(studies);
  std::string text = table.text() + notes;
  text += fmt::format(
      "{} pieces, {} proven; of these the list schedule is longer by {:.2f} % on average, {:.2f} % "
      "at most, and {} are within {:.0f} %\n",
      summary.pieces, summary.proven, summary.mean * 100, summary.largest * 100, summary.within,
      kClose * 100);
  if (!has_schedule_oracle()) {
    text += "nothing is proven: simdse was built without CBC (Debian's coinor-libcbc-dev)\n";
  }
  return text;
}

nlohmann::ordered_json study_json(const std::vector<WorkloadStudy>& studies) {
  nlohmann::ordered_json json;
  json["has_solver"] = has_schedule_oracle();
  json["pieces"] = nlohmann::ordered_json::array();
  for (const WorkloadStudy& study : studies) {
    if (!study.skipped.empty()) json["skipped"][study.workload] = study.skipped;
    for (const StudyCase& piece : study.cases) {
      nlohmann::ordered_json row;
      row["workload"] = study.workload;
      row["first_operator"] = piece.first_operator;
      row["tasks"] = piece.tasks;
      row["width"] = piece.width;
      row["critical_path_cycles"] = piece.critical_path;
      row["heuristic_cycles"] = piece.heuristic;
      row["oracle_cycles"] = piece.oracle.makespan;
      row["bound_cycles"] = piece.oracle.bound;
      row["excess"] = piece.excess();
      row["proven"] = piece.oracle.is_proven;
      if (!piece.oracle.is_proven) row["unproven"] = piece.oracle.unproven;
      json["pieces"].push_back(std::move(row));
    }
  }
  const Summary summary = summarize(studies);
  json["proven"] = summary.proven;
  json["proven_within_3_percent"] = summary.within;
  json["mean_excess"] = summary.mean;
  json["max_excess"] = summary.largest;
  return json;
}

}  // namespace

void add_schedule_options(Arguments& arguments) {
  arguments.options().add_options()(
      "schedules", "compare the list schedule with the shortest one (integer program, CBC)")(
      "workload", po::value<std::vector<std::string>>()->composing(),
      "whose training graph is cut into pieces; may be repeated (default: the zoo)")(
      "design", po::value<std::string>(), "whose cores run them (default tpu_v2)")(
      "tasks", po::value<int>(), "tasks of a piece (default 14)")(
      "pieces", po::value<int>(), "most pieces of one workload (default 6)")(
      "nodes", po::value<int>(), "limit of the branch and bound for each (default 100000)");
}

int validate_schedules(const Arguments& arguments, const DataFiles& files) {
  const StudyOptions options = study_options(arguments);
  std::vector<std::string> names = files.names("workloads/zoo");
  if (arguments.has("workload")) names = arguments.get<std::vector<std::string>>("workload");
  const std::string design =
      arguments.has("design") ? arguments.get<std::string>("design") : "tpu_v2";
  const SplitOverrides overrides = split_overrides(arguments.overrides());
  const Chip chip = load_chip(design, files, overrides.design);
  Progress progress("pieces", 0);
  std::int64_t done = 0;
  std::vector<WorkloadStudy> studies;
  for (const std::string& name : names) {
    studies.push_back(study_workload(name, load_workload(name, files, overrides.workload), chip,
                                     options, progress, done));
  }
  progress.finish();
  if (arguments.has("json")) {
    std::cout << study_json(studies).dump(2) << '\n';
  } else {
    std::cout << study_text(studies);
  }
  return summarize(studies).proven > 0 ? kDone : kNegative;
}

}  // namespace simdse
