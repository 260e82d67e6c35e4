#include "search/estimate/planned_estimate.h"

#include <fmt/core.h>

#include <cmath>
#include <stdexcept>

#include "models/base/byte_text.h"
#include "models/plugin/plugin.h"
#include "search/plan/plan_text.h"
#include "search/plan/plan_validator.h"

namespace simdse {

template <class Archive>
void exchange(Archive& archive, ActionCounts& actions) {
  auto& [macs, vector_operations, vector_bytes, network_bytes, buffer_bytes, memory_bytes, groups] =
      actions;
  archive(macs, vector_operations, vector_bytes, network_bytes, buffer_bytes, memory_bytes, groups);
}

template <class Archive>
void exchange(Archive& archive, PlanEstimate& estimate) {
  auto& [regions, spans, cycles, time, contention_free_cycles, breakdown, chain, energy, actions,
         macs] = estimate;
  archive(regions, spans, cycles, time, contention_free_cycles, breakdown, chain, energy, actions,
          macs);
}

namespace {

/// A PlanResult whose plan is text.
struct SentPlan {
  std::string plan;
  std::vector<TaskId> task_of;
  double tensor_conflict = 0;
  double vector_conflict = 0;
  PlanEstimate estimate;
};

template <class Archive>
void exchange(Archive& archive, SentPlan& sent) {
  archive(sent.plan, sent.task_of, sent.tensor_conflict, sent.vector_conflict, sent.estimate);
}

PlannedEstimate make(const Chip& chip, const TaskGraph& tasks, OptionCache* cache) {
  PlannedEstimate result{make_plan(chip, tasks, find_options(chip, tasks, {}, nullptr, cache)), {}};
  const std::vector<std::string> problems = validate_plan(*tasks.graph, chip, result.planned.plan);
  if (!problems.empty()) {
    throw std::logic_error(
        fmt::format("the plan of {} is wrong: {}", chip.design().name, problems.front()));
  }
  result.estimate = estimate_plan(chip, result.planned.plan);
  return result;
}

PlanEstimate check(const Chip& chip, const Graph& graph, const Plan& plan) {
  const std::vector<std::string> problems = validate_plan(graph, chip, plan);
  if (!problems.empty()) {
    throw InputError("is not a plan for this design and workload: " + problems.front());
  }
  return estimate_plan(chip, plan);
}

}  // namespace

PlannedEstimate plan_and_estimate(const Chip& chip, const TaskGraph& tasks, OptionCache* cache) {
  const std::vector<std::string>& plugins = chip.design().plugins;
  if (plugins.empty()) return make(chip, tasks, cache);
  auto sent = from_bytes<SentPlan>(run_with_plugins(plugins, [&] {
    PlannedEstimate made = make(with_own_blocks(chip), tasks, nullptr);
    check_estimate(made.estimate.time, made.estimate.energy);
    return to_bytes(SentPlan{plan_to_text(made.planned.plan), std::move(made.planned.task_of),
                             made.planned.tensor_conflict, made.planned.vector_conflict,
                             std::move(made.estimate)});
  }));
  return {{plan_from_text(sent.plan, "a plan from a child process"), std::move(sent.task_of),
           sent.tensor_conflict, sent.vector_conflict},
          std::move(sent.estimate)};
}

PlanEstimate check_and_estimate(const Chip& chip, const Graph& graph, const Plan& plan) {
  const std::vector<std::string>& plugins = chip.design().plugins;
  if (plugins.empty()) return check(chip, graph, plan);
  return from_bytes<PlanEstimate>(run_with_plugins(plugins, [&] {
    const PlanEstimate estimate = check(with_own_blocks(chip), graph, plan);
    check_estimate(estimate.time, estimate.energy);
    return to_bytes(estimate);
  }));
}

void check_estimate(Seconds time, Joules energy) {
  if (!(time.value() > 0) || !std::isfinite(time.value())) {
    throw PluginFailure(fmt::format("the estimated time is {} s", time.value()));
  }
  if (!(energy.value() >= 0) || !std::isfinite(energy.value())) {
    throw PluginFailure(fmt::format("the estimated energy is {} J", energy.value()));
  }
}

}  // namespace simdse
