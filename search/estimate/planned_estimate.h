// A plan with its estimate: made here or, where a chip has blocks of plug-ins, in a child process.
#pragma once

#include "search/estimate/plan_estimate.h"
#include "search/schedule/option_cache.h"
#include "search/schedule/planner.h"

namespace simdse {

struct PlannedEstimate {
  PlanResult planned;
  PlanEstimate estimate;
};

/// Plans, checks the plan (see validate_plan) and estimates. With a `cache` of these tasks, what it
/// knows is not found again; it is not used for chips with blocks of plug-ins. Throws InputError
/// when the workload does not fit, PluginFailure, and std::logic_error when the plan is wrong.
PlannedEstimate plan_and_estimate(const Chip& chip, const TaskGraph& tasks,
                                  OptionCache* cache = nullptr);

/// The estimate of a plan from elsewhere. Throws InputError with the first problem when it is no
/// plan for this chip and graph, and PluginFailure.
PlanEstimate check_and_estimate(const Chip& chip, const Graph& graph, const Plan& plan);

/// Throws PluginFailure for what no design can take: a plug-in's closed forms may say anything.
void check_estimate(Seconds time, Joules energy);

}  // namespace simdse
