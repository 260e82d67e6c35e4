#include "search/local/evaluator.h"

#include <algorithm>

#include "models/base/byte_text.h"
#include "models/plugin/plugin.h"
#include "search/estimate/planned_estimate.h"

namespace simdse {

template <class Archive>
void exchange(Archive& archive, Evaluation& e) {
  auto& [area, tdp, time, energy, throughput, mfu, hfu, memory_used, breakdown, chain,
         tensor_conflict, vector_conflict] = e;
  archive(area, tdp, time, energy, throughput, mfu, hfu, memory_used, breakdown, chain,
          tensor_conflict, vector_conflict);
}

namespace {

std::vector<ChainLink> chain_of(const PlanEstimate& estimate) {
  std::map<std::array<double, kResourceCount>, ChainLink> links;
  for (const RegionId id : estimate.chain) {
    const RegionEstimate& region = estimate.regions[id];
    std::array<double, kResourceCount> bounds{};
    for (std::size_t i = 0; i < kResourceCount; ++i) bounds[i] = region.bounds[i].cycles;
    const double other = region.cycles - *std::max_element(bounds.begin(), bounds.end());
    // A region slowed down by others is bound by what they share, and slows it most.
    const RegionSpan& span = estimate.spans[id];
    if (span.finish - span.start > region.cycles * (1 + 1e-9)) {
      const auto most = std::max_element(span.lost.begin(), span.lost.end()) - span.lost.begin();
      bounds[static_cast<std::size_t>(kShared[most])] = span.finish - span.start - other;
    }
    ChainLink& link = links[bounds];
    link.bounds = bounds;
    link.other = other;
    link.count += 1;
  }
  std::vector<ChainLink> result;
  for (const auto& [bounds, link] : links) result.push_back(link);
  return result;
}

}  // namespace

Evaluation Evaluator::evaluate(const Chip& chip) const {
  if (chip.design().plugins.empty()) return evaluate_here(chip);
  Design design = chip.design();
  design.name.clear();
  const auto [entry, is_new] = answers_.try_emplace(design_yaml(design));
  Answer& answer = entry->second;
  if (is_new) {
    try {
      answer.evaluation = evaluate_in_child(chip);
    } catch (const InputError&) {
      answer.failure = std::current_exception();
    }
  }
  if (answer.failure) std::rethrow_exception(answer.failure);
  return answer.evaluation;
}

Evaluation Evaluator::evaluate_in_child(const Chip& chip) const {
  return from_bytes<Evaluation>(run_with_plugins(chip.design().plugins, [&] {
    const Evaluation evaluation = evaluate_here(with_own_blocks(chip));
    check_estimate(evaluation.time, evaluation.energy);
    return to_bytes(evaluation);
  }));
}

Evaluation Evaluator::evaluate_here(const Chip& chip) const {
  const PlanResult planned = make_plan(chip, tasks_);
  const PlanEstimate estimate = estimate_plan(chip, planned.plan);
  const double frequency = chip.clock().frequency().value();
  Evaluation result;
  result.area = chip.area();
  result.tdp = chip.tdp();
  result.time = estimate.time;
  result.energy = estimate.energy;
  result.throughput = static_cast<double>(batch_) / estimate.time.value();
  const double peak_macs =
      chip.peak_macs_per_second(product_format(tasks_)) * estimate.time.value();
  result.mfu = (estimate.macs - recomputed_macs_) / peak_macs;
  result.hfu = estimate.macs / peak_macs;
  result.memory_used = planned.plan.peak_memory;
  result.breakdown = estimate.breakdown;
  result.chain = chain_of(estimate);
  result.tensor_conflict = Seconds(planned.tensor_conflict / frequency);
  result.vector_conflict = Seconds(planned.vector_conflict / frequency);
  return result;
}

}  // namespace simdse
