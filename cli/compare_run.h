// The search beside its rivals: in one space, within one budget, by one estimate.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/training_setup.h"
#include "search/baselines/rivals.h"
#include "search/local/search_spec.h"

namespace simdse {

/// What is compared: a way to search, or a design that stays as it is.
struct Method {
  std::string name;
  const Rival* rival = nullptr;
  std::optional<Design> design;  ///< if there is no rival

  bool is_seeded() const { return rival != nullptr && rival->is_seeded; }
};

/// Methods by their names, separated by commas: rivals, `all` of them, or names or paths of
/// designs. Throws InputError with the nearest spelling, and for a name that is given twice.
std::vector<Method> read_methods(const std::string& names, const DataFiles& files);

struct CompareOptions {
  std::vector<Method> methods;
  std::uint64_t seeds = 3;  ///< of every method that has any: 1, 2, ...
  /// Evaluations that each rival is given; else `budget_factor` times those of the search.
  std::optional<std::int64_t> evaluations;
  double budget_factor = 31;
  /// Also stop at so many layer-cost calls.
  std::optional<std::int64_t> cost_calls;
  int workers = 1;
  std::function<bool()> is_interrupted;  ///< asked in the processes that search
};

/// Why a search ended.
enum class Ending {
  by_itself,    ///< the search and fixed designs; a rival that has nothing more to ask
  limit,        ///< its evaluations or layer-cost calls are spent
  interrupted,  ///< what it has is partial
  failed,       ///< it crashed or threw, see MethodRun::failure
};
const char* ending_name(Ending ending);

/// One method with one seed.
struct MethodRun {
  std::string method;
  std::uint64_t seed = 1;
  Ending ending = Ending::by_itself;
  std::string failure;        ///< or why there is no design
  bool is_bad_input = false;  ///< the failure is the input's
  std::int64_t evaluations = 0;
  std::int64_t cost_calls = 0;
  std::int64_t priced = 0;  ///< designs looked at for area and power
  double cpu_seconds = 0;
  std::vector<Improvement> improvements;
  // The best design; without improvements there is none.
  std::string label;
  std::string values;  ///< of all axes; empty for a fixed design
  std::string design;  ///< YAML
  double area = 0;     ///< mm2
  double tdp = 0;      ///< W
  bool is_in_budget = true;

  /// False if it was interrupted before it had looked at anything.
  bool has_begun() const { return ending != Ending::interrupted || evaluations > 0; }
  bool has_best() const { return !improvements.empty(); }
  /// 0 if there is none.
  double worth() const { return has_best() ? improvements.back().worth : 0; }
};

/// Of one method over its seeds. What a run did not reach counts as never, so that a median exists
/// where more than half of the runs came so far.
struct MethodSummary {
  std::string method;
  std::size_t runs = 0;  ///< that have begun; all figures are of these
  bool is_in_budget = true;
  struct Effort {
    double evaluations = 0;
    double cost_calls = 0;
    double cpu_seconds = 0;
  };
  Effort total;                        ///< medians
  std::optional<Effort> to_5_percent;  ///< of the best known: medians of each
  std::optional<Effort> to_1_percent;
  double throughput = 0;  ///< median of the best designs'
  double least_throughput = 0;
  double most_throughput = 0;
  double throughput_per_tdp = 0;  ///< median
  double worth = 0;               ///< median, by the objective
  std::size_t close = 0;   ///< runs whose best is worth 99 % of what the search found, or more
  std::size_t better = 0;  ///< runs whose best is worth more than that by 0.01 % or more
};

struct CompareRun {
  SearchSpec spec;
  std::unique_ptr<TrainingSetup> setup;
  Objective objective = Objective::throughput;
  CompareOptions options;
  EvaluationLimits limits;
  /// That of the search first, under the name of its method; then by method and seed.
  std::vector<MethodRun> runs;
  std::vector<MethodSummary> summaries;
  double best_known = 0;  ///< worth of the best design within the budget that anyone found
  bool is_partial = false;
  std::vector<std::string> warnings;
};

/// Runs the search file's method and first objective, and the rivals. Everything but CPU seconds is
/// a function of the inputs, whatever the workers. `on_ready` is called when the inputs have proved
/// sound. Throws InputError, and NegativeResult when the search finds no design.
CompareRun run_comparison(SearchSpec spec, const CompareOptions& options,
                          const std::function<void(const CompareRun&)>& on_ready = {});

/// What the runs of one method come to. `found` is the worth of what the search found.
MethodSummary summarise(const std::vector<const MethodRun*>& runs, double best_known, double found);

}  // namespace simdse
