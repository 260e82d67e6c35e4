#include "search/pipeline/pipeline_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "models/base/error.h"
#include "models/base/quantity_text.h"
#include "workloads/parallel/tensor_parallel.h"
#include "workloads/statistics.h"

namespace simdse {
namespace {

std::string text(Bytes bytes) { return format_quantity(to_double(bytes), Dimension::bytes, 4); }

PipelineShape shape_of(const Parallelism& parallelism) {
  return {static_cast<int>(parallelism.pipeline), static_cast<int>(parallelism.microbatch_count()),
          static_cast<int>(parallelism.interleave)};
}

/// Units [begin, end) as one part.
PartNeed part_of(const std::vector<PartNeed>& units, std::size_t begin, std::size_t end) {
  PartNeed part = std::accumulate(units.begin() + static_cast<std::ptrdiff_t>(begin),
                                  units.begin() + static_cast<std::ptrdiff_t>(end), PartNeed{});
  part.largest_parameters = part.parameters;
  part.largest_gradients = part.gradients;
  return part;
}

/// One way to need less, as the file says it, and what it then is.
struct Change {
  std::string name;
  Parallelism parallelism;
};

std::vector<Change> changes_of(const Parallelism& from, Recomputation mode) {
  std::vector<Change> changes;
  const auto add = [&](const std::string& name, auto change) {
    changes.push_back({name, from});
    change(changes.back().parallelism);
  };
  for (const Recomputation more : {Recomputation::selective, Recomputation::full}) {
    if (more <= mode) continue;
    add("recompute: " + recomputation_names()[static_cast<std::size_t>(more)],
        [&](Parallelism& p) { p.recompute = more; });
  }
  for (const int zero : {1, 3}) {
    if (from.data == 1 || zero <= from.zero) continue;
    add(fmt::format("zero: {}", zero), [&](Parallelism& p) { p.zero = zero; });
  }
  if (from.tensor > 1 && !from.sequence_parallel) {
    add("sequence_parallel: true", [](Parallelism& p) { p.sequence_parallel = true; });
  }
  // Twice the degree: of half the replicas where there are some, else of twice the chips. The
  // replicas' microbatches are as many as before.
  const auto twice = [&](const std::string& key, std::int64_t Parallelism::*degree) {
    const bool has_replicas = from.data % 2 == 0;
    std::string rest = has_replicas ? fmt::format(" and data: {}", from.data / 2)
                                    : fmt::format(" on {} chips", from.chips * 2);
    if (has_replicas && from.data == 2 && from.zero > 0) rest += " without zero";
    add(fmt::format("{}: {}{}", key, from.*degree * 2, rest), [&](Parallelism& p) {
      p.microbatches = from.microbatch_count();
      p.global_batch.reset();
      p.*degree *= 2;
      if (has_replicas) {
        p.data /= 2;
      } else {
        p.chips *= 2;
      }
      p.cuts.clear();
      p.drop_idle_options();
    });
  };
  twice("pipeline", &Parallelism::pipeline);
  twice("tensor", &Parallelism::tensor);
  return changes;
}

/// What stands before the colon of a change's name.
std::string key_of(const Change& change) { return change.name.substr(0, change.name.find(':')); }

/// Two changes of different keys, one after the other; each pair once.
std::vector<Change> pairs_of(const std::vector<Change>& singles, Recomputation mode) {
  std::vector<Change> pairs;
  std::vector<std::string> done;
  for (const Change& one : singles) {
    if (done.empty() || done.back() != key_of(one)) done.push_back(key_of(one));
    for (const Change& two :
         changes_of(one.parallelism, one.parallelism.recompute.value_or(mode))) {
      if (std::find(done.begin(), done.end(), key_of(two)) != done.end()) continue;
      pairs.push_back({one.name + " and " + two.name, two.parallelism});
    }
  }
  return pairs;
}

/// Changes that make it fit, as text; empty if none does. Tells of those that can be made at all in
/// `tried`.
std::string fitting_text(const Workload& workload, const std::vector<Change>& changes,
                         Bytes capacity, std::string& tried) {
  std::string fitting;
  for (const Change& change : changes) {
    try {
      change.parallelism.check();
      const Bytes need = plan_memory(workload, change.parallelism, capacity).largest();
      tried += (tried.empty() ? "" : ", ") + change.name;
      if (need > capacity) continue;
      fitting += fmt::format("{}{} ({})", fitting.empty() ? "" : ", or ", change.name, text(need));
    } catch (const InputError&) {
      // The network can't be split like that.
    }
  }
  return fitting;
}

std::string advice(const Workload& workload, const Parallelism& parallelism, Bytes capacity) {
  const Recomputation mode = parallelism.recompute.value_or(workload.training.recompute);
  const std::vector<Change> singles = changes_of(parallelism, mode);
  std::string tried;
  std::string fitting = fitting_text(workload, singles, capacity, tried);
  if (!fitting.empty()) return "; it would fit with " + fitting;
  if (tried.empty()) return "";
  std::string tried_pairs;
  fitting = fitting_text(workload, pairs_of(singles, mode), capacity, tried_pairs);
  return "; not one of these alone makes it fit: " + tried +
         (fitting.empty() ? "; nor do two of them" : "; it would fit with " + fitting);
}

}  // namespace

std::vector<ChipMemory> pipeline_memory(const std::vector<PartNeed>& parts,
                                        PipelineSchedule schedule, PipelineShape shape,
                                        std::int64_t data, int zero) {
  const auto orders = pipeline_order(schedule, shape);
  std::vector<ChipMemory> result;
  for (std::size_t place = 0; place < orders.size(); ++place) {
    PartNeed need;
    std::vector<Bytes> kept;
    std::vector<Bytes> for_weights;
    for (std::size_t part = place; part < parts.size(); part += orders.size()) {
      need = need + parts[part];
      kept.push_back(parts[part].kept);
      for_weights.push_back(parts[part].for_weights);
    }
    result.push_back(
        chip_memory(need, peak_activations(orders[place], kept, for_weights), data, zero));
  }
  return result;
}

std::vector<PartNeed> unit_needs(const Graph& forward, const std::vector<PipelineUnit>& units,
                                 const TrainingOptions& options) {
  std::vector<std::size_t> each(units.size());
  std::iota(each.begin(), each.end(), std::size_t{0});
  std::vector<PartNeed> needs;
  for (const PipelineStage& unit : cut_stages(forward, units, each)) {
    needs.push_back(part_need(unit, unit.training_step(options)));
  }
  return needs;
}

std::function<Bytes(std::size_t, std::size_t, int)> memory_excess(std::vector<PartNeed> units,
                                                                  const Parallelism& parallelism,
                                                                  Bytes capacity) {
  const PipelineShape shape = shape_of(parallelism);
  const auto orders = pipeline_order(parallelism.schedule, shape);
  return [=, all = std::move(units)](std::size_t begin, std::size_t end, int part) {
    const PartNeed need = part_of(all, begin, end);
    const auto& order = orders[static_cast<std::size_t>(place_of_chunk(part, shape.stages))];
    // Of several chunks, as if all were like this one; its share of what is too much.
    const std::vector<Bytes> kept(static_cast<std::size_t>(shape.interleave), need.kept);
    const std::vector<Bytes> for_weights(kept.size(), need.for_weights);
    PartNeed chip = need;
    for (int chunk = 1; chunk < shape.interleave; ++chunk) chip = chip + need;
    const Bytes total = chip_memory(chip, peak_activations(order, kept, for_weights),
                                    parallelism.data, parallelism.zero)
                            .total();
    return Bytes(ceil_div(std::max(Bytes(0), total - capacity).value(), shape.interleave));
  };
}

std::size_t MemoryPlan::largest_place() const {
  return static_cast<std::size_t>(std::max_element(places.begin(), places.end(),
                                                   [](const ChipMemory& x, const ChipMemory& y) {
                                                     return x.total() < y.total();
                                                   }) -
                                  places.begin());
}

MemoryPlan plan_memory(const Workload& workload, const Parallelism& parallelism, Bytes capacity) {
  parallelism.check();
  TrainingOptions options = workload.training;
  options.recompute = parallelism.recompute.value_or(options.recompute);
  const Graph forward =
      shard(workload.forward, {parallelism.tensor, parallelism.sequence_parallel, 128});
  const std::vector<PipelineUnit> units = pipeline_units(forward);
  const PipelineShape shape = shape_of(parallelism);
  MemoryPlan plan;
  if (parallelism.cuts.empty()) {
    CutCosts costs;
    for (const PipelineUnit& unit : units) {
      double macs = 0;
      for (OperatorId op = unit.begin; op < unit.end; ++op) {
        macs += static_cast<double>(forward.work(op).macs());
      }
      costs.time.push_back(macs);
    }
    plan.first = balanced_cut(costs, shape.parts());
    costs.excess = memory_excess(unit_needs(forward, units, options), parallelism, capacity);
    try {
      plan.first = balanced_cut(costs, shape.parts());
    } catch (const InputError&) {
      // None fits; the balanced one says by how much.
    }
  } else {
    plan.first = given_cut(units, parallelism.cuts);
  }
  std::vector<PartNeed> parts;
  for (const PipelineStage& stage : cut_stages(forward, units, plan.first)) {
    parts.push_back(part_need(stage, stage.training_step(options)));
  }
  for (std::size_t part = 0; part < plan.first.size(); ++part) {
    const std::size_t end = part + 1 < plan.first.size() ? plan.first[part + 1] : units.size();
    plan.turns.push_back(
        std::count_if(units.begin() + static_cast<std::ptrdiff_t>(plan.first[part]),
                      units.begin() + static_cast<std::ptrdiff_t>(end),
                      [](const auto& unit) { return unit.segment != kNone; }));
  }
  plan.places =
      pipeline_memory(parts, parallelism.schedule, shape, parallelism.data, parallelism.zero);
  return plan;
}

std::string layers_warning(const MemoryPlan& plan) {
  const auto parts = static_cast<std::int64_t>(plan.turns.size());
  const std::int64_t layers =
      std::accumulate(plan.turns.begin(), plan.turns.end(), std::int64_t{0});
  if (layers % parts == 0) return "";
  const std::int64_t most = *std::max_element(plan.turns.begin(), plan.turns.end());
  const double even = static_cast<double>(layers) / static_cast<double>(parts);
  return fmt::format(
      "{} layers do not divide into {} stages: the largest has {}, {:.0f} % more than the mean",
      layers, parts, most, 100 * (static_cast<double>(most) / even - 1));
}

MemoryPlan plan_memory_that_fits(const Workload& workload, const Parallelism& parallelism,
                                 Bytes capacity) {
  MemoryPlan plan = plan_memory(workload, parallelism, capacity);
  if (plan.largest() <= capacity) return plan;
  const ChipMemory& memory = plan.places[plan.largest_place()];
  throw InputError(fmt::format(
      "pipeline stage {} does not fit: a chip needs {} (parameters {}, gradients {}, optimizer {}, "
      "activations {}, working {}), {} more than the {} it has{}",
      plan.largest_place(), text(memory.total()), text(memory.parameters), text(memory.gradients),
      text(memory.optimizer), text(memory.activations), text(memory.working),
      text(memory.total() - capacity), text(capacity), advice(workload, parallelism, capacity)));
}

}  // namespace simdse
