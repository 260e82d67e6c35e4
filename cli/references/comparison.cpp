#include "cli/references/comparison.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/command.h"
#include "models/base/worker_pool.h"

namespace simdse {
namespace {

using Json = nlohmann::json;

/// What `simdse WORDS --json` prints. Only for a process that ends afterwards: the command has it
/// to itself.
Json ask(const std::vector<std::string>& words, const DataFiles& files) {
  if (words.empty()) throw InputError("the command is empty");
  for (const Command& command : commands()) {
    if (words.front() != command.name) continue;
    std::vector<std::string> arguments(words.begin() + 1, words.end());
    arguments.emplace_back("--json");
    std::ostringstream output;
    std::streambuf* const terminal = std::cout.rdbuf(output.rdbuf());
    const int status = command.run({files, std::move(arguments)});
    std::cout.rdbuf(terminal);
    if (status != kDone) throw std::runtime_error(fmt::format("it ended with status {}", status));
    return Json::parse(output.str());
  }
  throw InputError(fmt::format("there is no command '{}'", words.front()));
}

/// The number at `path` ("chip.area_mm2"), or nothing where the JSON has null.
Json number_at(const Json& json, const std::string& path) {
  const Json* at = &json;
  std::istringstream names(path);
  for (std::string name; std::getline(names, name, '.');) {
    if (!at->is_object() || at->find(name) == at->end()) {
      throw InputError(fmt::format("its JSON has no '{}'", path));
    }
    at = &(*at)[name];
  }
  if (!at->is_number() && !at->is_null()) {
    throw InputError(fmt::format("'{}' of its JSON is not a number", path));
  }
  return *at;
}

Json measure(const ReferenceTable& table, const ReferenceRow& row, const DataFiles& files) {
  const auto with = [&row](std::vector<std::string> words) {
    words.insert(words.end(), row.arguments.begin(), row.arguments.end());
    return words;
  };
  const Json own = ask(with(table.command), files);
  const Json other = table.less.empty() ? Json() : ask(with(table.less), files);
  const auto figure = [&](const std::string& path) {
    if (path.empty()) return Json();
    Json value = number_at(own, path);
    if (value.is_null() || table.less.empty()) return value;
    return Json(value.get<double>() - number_at(other, path).get<double>());
  };
  return Json({figure(table.formula), figure(table.simulated)});
}

/// The same as text; of bad input the message, a string.
std::string measured_text(const ReferenceTable& table, const ReferenceRow& row,
                          const DataFiles& files) {
  try {
    return measure(table, row, files).dump();
  } catch (const PluginFailure&) {
    throw;
  } catch (const InputError& problem) {
    return Json(problem.what()).dump();
  }
}

RowResult read_result(const JobResult& job, const ReferenceTable& table) {
  RowResult result;
  if (!job.ok) {
    result.failure = job.failure;
    return result;
  }
  const Json values = Json::parse(job.output);
  if (values.is_string()) {
    result.failure = values.get<std::string>();
    result.is_bad_input = true;
    return result;
  }
  const auto scaled = [&](const Json& value) -> std::optional<double> {
    if (value.is_null()) return {};
    return value.get<double>() * table.scale;
  };
  result.formula = scaled(values.at(0));
  result.simulated = scaled(values.at(1));
  return result;
}

}  // namespace

double relative_error(double model, const ReferenceRow& row) { return model / row.measured - 1; }

ErrorSummary TableResult::summary(std::optional<double> RowResult::*value) const {
  ErrorSummary summary;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ReferenceRow& row = table->rows[i];
    if (row.use != RowUse::held_out || !(rows[i].*value)) continue;
    const double error = std::abs(relative_error(*(rows[i].*value), row));
    summary.mean_abs += error;
    summary.max_abs = std::max(summary.max_abs, error);
    ++summary.rows;
  }
  if (summary.rows > 0) summary.mean_abs /= summary.rows;
  return summary;
}

std::vector<ReferenceResult> compare_with(const std::vector<Reference>& references,
                                          const DataFiles& files, int workers,
                                          const std::function<void(std::size_t)>& on_done) {
  std::vector<std::function<std::string()>> jobs;
  for (const Reference& reference : references) {
    for (const ReferenceTable& table : reference.tables) {
      for (const ReferenceRow& row : table.rows) {
        jobs.emplace_back([&] { return measured_text(table, row, files); });
      }
    }
  }
  WorkerOptions options;
  options.workers = workers;
  const std::vector<JobResult> done = run_jobs(jobs, options, on_done);
  std::vector<ReferenceResult> results;
  auto job = done.begin();
  for (const Reference& reference : references) {
    results.push_back({&reference, {}});
    for (const ReferenceTable& table : reference.tables) {
      TableResult result;
      result.table = &table;
      for (std::size_t i = 0; i < table.rows.size(); ++i, ++job) {
        result.rows.push_back(read_result(*job, table));
      }
      results.back().tables.push_back(std::move(result));
    }
  }
  return results;
}

}  // namespace simdse
