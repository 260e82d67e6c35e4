// A set file, resolved: searches that one design is to serve.
#pragma once

#include <string>
#include <vector>

#include "search/local/search_spec.h"

namespace simdse {

/// How one design's worths for all workloads become one number. Each counts as a share of what the
/// workload's own best design is worth, so that no workload weighs more because it is small.
enum class SetObjective {
  geometric_mean,     ///< weighted
  worst_case_regret,  ///< the least share: the workload that gives up most decides
};

const char* set_objective_name(SetObjective objective);
std::vector<std::string> set_objective_names();

struct SetMember {
  SearchSpec search;
  double weight = 1;
};

/// Everything that a set file says.
///
///   searches: [eleven/vgg16, {search: eleven/gnmt, weight: 2}]   search files, of one space and
///                                                                budget
///   objective: geometric_mean                                    or worst_case_regret
struct SetSpec {
  std::string name;
  SetObjective objective = SetObjective::geometric_mean;
  std::vector<SetMember> members;
};

/// Whether the file is a set (it has `searches`) and not a search. Throws InputError.
bool is_set_file(const std::string& path, const DataFiles& files);

/// Loads a set file. Throws InputError, also where the searches differ in space, base, budget or
/// first objective: then no design could be common to them. An override that begins with
/// "searches." is one of every search ("searches.budget.power=150 W"), another one of the set file.
SetSpec load_set(const std::string& path, const DataFiles& files,
                 const std::vector<Override>& overrides = {});

/// Share by share, the objective of a set; 0 if any share is.
double set_worth(SetObjective objective, const std::vector<double>& shares,
                 const std::vector<double>& weights);

}  // namespace simdse
