// A search file, resolved.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/base/data_files.h"
#include "models/network/system.h"
#include "models/technology/technology.h"
#include "search/local/search_options.h"
#include "workloads/parallel/parallelism.h"
#include "workloads/workload.h"

namespace simdse {

/// Everything that a search file says.
///
///   workload: bert_large              a zoo name, a path, or a map as in a workload file
///   base: tpu_v2                      the design whose other parameters all candidates share
///   baselines: [tpu_v2]               designs to compare with; default: the base; [] for none
///   budget: {like: tpu_v2}            or {area: 450 mm2, power: 160 W}, or both: {like: tpu_v2,
///                                     power: 150 W}
///   objectives: [throughput]          default: throughput, throughput_per_tdp
///   throughput_floor: 40              samples/s, or {like: tpu_v2}: what that design achieves by
///   the
///                                     estimate. Default: like the first baseline, for all
///                                     objectives but throughput
///   method: exact                     heuristic (the default), exact or exhaustive
///   limits: {nodes: 2000000, evaluations: 100000, gap: 0.001}
///                                     of the latter two, see SearchLimits; all can be left out
///   top_k: 3                          designs kept per objective
///   simulations: 24                   designs simulated at most, beside the baselines
///   hysteresis: 2                     levels of the tree without gain before a branch is cut
///   space: {cores.0.rows: default, ...}
///   system: tpu_v4_64                 whose network joins the chips, with
///   parallel: {tensor: 8, ...}        how the workload, of one microbatch, is spread over them;
///   then
///                                     the objective is throughput or throughput_per_tdp, the only
///                                     method the heuristic, and there is no floor but the default
struct SearchSpec {
  std::string name;
  Workload workload;
  std::shared_ptr<const Technology> technology;
  std::vector<Design> baselines;  ///< may be empty: then there is no comparison
  std::size_t simulations = 24;
  std::string budget_text;  ///< "like tpu_v2" or "given"
  LocalSearchOptions options;
  std::optional<Design> floor_like;  ///< whose throughput is the floor
  std::unique_ptr<SearchSpace> space;
  std::optional<System> system;  ///< none: one chip; its chips are those of the base
  SourceLocation system_where;
  SourceLocation parallel_where;
  std::optional<Parallelism> parallelism;  ///< with a system; degrees may be auto
};

/// Fills in the floor where the file leaves it to a design: what that, or else the first baseline
/// (of `baseline_throughput`; empty: there is none), is estimated to achieve. Throws InputError
/// when the workload does not fit the design.
void resolve_floor(SearchSpec& spec, const Evaluator& evaluator,
                   std::optional<double> baseline_throughput);

/// Loads a search file. Throws InputError.
SearchSpec load_search(const std::string& path, const DataFiles& files,
                       const std::vector<Override>& overrides = {});

/// Throws InputError for a search with a system, where only searches of one chip go.
void require_one_chip(const SearchSpec& spec);

}  // namespace simdse
