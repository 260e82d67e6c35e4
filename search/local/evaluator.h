// One design against one workload: cost, plan, estimate.
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "search/estimate/planned_estimate.h"
#include "search/local/budget.h"
#include "search/schedule/option_cache.h"
#include "workloads/statistics.h"

namespace simdse {

/// Regions of the critical chain that are bound alike.
struct ChainLink {
  std::array<double, kResourceCount> bounds{};  ///< cycles of one region, by resource
  double other = 0;                             ///< cycles beside the largest bound
  double count = 0;
};

/// What a design achieves by the estimate.
struct Evaluation {
  Area area;
  Watts tdp;
  Seconds time;
  Joules energy;
  double throughput = 0;  ///< samples per second
  double mfu = 0;         ///< the model's MACs / (peak MAC rate x time)
  double hfu = 0;         ///< the same with those that are done again in the backward pass
  Bytes memory_used;
  /// Shares of the time as in PlanEstimate.
  std::array<double, kResourceCount + 1> breakdown{};
  /// What the time is made of, region by region: tells what a change of rates would do to it.
  std::vector<ChainLink> chain;
  /// Time that critical operators wait only because all cores of a kind are busy, see Schedule.
  Seconds tensor_conflict;
  Seconds vector_conflict;
  std::int64_t cost_calls = 0;  ///< layer-cost calls that this evaluation took, see CostCalls

  double throughput_per_tdp() const { return throughput / tdp.value(); }
};

/// A graph that is planned by itself, and how often a step does it.
struct WeightedTasks {
  const TaskGraph* tasks = nullptr;
  double times = 1;
};

/// Evaluates designs for one workload's training step: one graph, or several that are done one
/// after another, each so many times.
class Evaluator {
 public:
  /// `tasks` and its graph must outlive the evaluator.
  Evaluator(const TaskGraph& tasks, std::int64_t batch,
            std::shared_ptr<const Technology> technology)
      : Evaluator(std::vector<WeightedTasks>{{&tasks, 1}}, batch, std::move(technology)) {}
  /// At least one.
  Evaluator(std::vector<WeightedTasks> parts, std::int64_t batch,
            std::shared_ptr<const Technology> technology);

  /// What the step needs of a chip's memory, where that is more than the plans show: designs with
  /// less don't fit.
  void require_memory(Bytes least) { least_memory_ = least; }

  Chip chip(Design design) const { return Chip(std::move(design), technology_); }

  /// Whether a chip can be built (Chip::problem) within a budget.
  static bool is_allowed(const Chip& chip, const Budget& budget) {
    return chip.problem().empty() && budget.allows(chip.area(), chip.tdp());
  }

  /// Plans and estimates. Throws InputError when the workload does not fit the design, and
  /// PluginFailure. A chip with blocks of plug-ins is evaluated in a child process, once: what came
  /// of it is remembered. With an `option_sample`, the scheduler has only the part of every task's
  /// options that this seed draws, see sample_options.
  Evaluation evaluate(const Chip& chip, std::optional<std::uint64_t> option_sample = {}) const;

  /// The plan and the estimate behind an evaluation; of a step of one graph. What the evaluations
  /// before found out is not found out again. Throws as evaluate() does; nothing is counted or
  /// told.
  PlannedEstimate plan(const Chip& chip) const {
    return plan_and_estimate(chip, tasks(), cache_for(chip, 0));
  }

  /// Told of every evaluation that was worked out: what came of it, or nullptr if the workload does
  /// not fit, and the layer-cost calls that it took. Those of a design with plug-ins that the
  /// workload does not fit are not known, and count 0.
  using Observer = std::function<void(const Chip&, const Evaluation*, std::int64_t cost_calls)>;
  void observe(Observer observer) { observer_ = std::move(observer); }

  /// Layer-cost calls that were made beside an evaluation, to decide on it (bounds): the observer
  /// is told of them with the next one.
  void charge(std::int64_t cost_calls) const { charged_ += cost_calls; }

  const std::vector<WeightedTasks>& parts() const { return parts_; }
  /// True if the step is one graph: then its time can be bounded.
  bool is_one_graph() const { return parts_.size() == 1; }
  /// The first graph.
  const TaskGraph& tasks() const { return *parts_.front().tasks; }
  std::int64_t batch() const { return batch_; }

 private:
  /// What came of the evaluation of a design with plug-ins.
  struct Answer {
    Evaluation evaluation;
    std::exception_ptr failure;
  };

  /// Adds to `calls` also when it throws.
  Evaluation evaluate_here(const Chip& chip, std::optional<std::uint64_t> option_sample,
                           CostCalls& calls) const;
  Evaluation evaluate_in_child(const Chip& chip, std::optional<std::uint64_t> option_sample) const;
  /// The cache of a part: signatures of tasks mean something within one graph only.
  OptionCache* cache_for(const Chip& chip, std::size_t part) const;
  void tell(const Chip& chip, const Evaluation* evaluation, std::int64_t cost_calls) const {
    const std::int64_t charged = std::exchange(charged_, 0);
    if (observer_) observer_(chip, evaluation, cost_calls + charged);
  }

  std::vector<WeightedTasks> parts_;
  std::int64_t batch_;
  std::shared_ptr<const Technology> technology_;
  NumberFormat product_format_;
  double recomputed_macs_ = 0;
  Bytes least_memory_;
  Observer observer_;
  mutable std::int64_t charged_ = 0;
  /// By part, of the designs evaluated so far.
  mutable std::vector<std::shared_ptr<OptionCache>> options_;
  mutable std::map<std::string, Answer> answers_;  ///< by the design as text, and the sample
};

}  // namespace simdse
