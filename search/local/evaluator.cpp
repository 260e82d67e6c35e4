#include "search/local/evaluator.h"

#include <algorithm>

namespace simdse {

namespace {

std::vector<ChainLink> chain_of(const PlanEstimate& estimate) {
  std::map<std::array<double, kResourceCount>, ChainLink> links;
  for (const RegionId id : estimate.chain) {
    const RegionEstimate& region = estimate.regions[id];
    std::array<double, kResourceCount> bounds{};
    for (std::size_t i = 0; i < kResourceCount; ++i) bounds[i] = region.bounds[i].cycles;
    const double other = region.cycles - *std::max_element(bounds.begin(), bounds.end());
    // A region slowed down by others is bound by what they share.
    const double span = estimate.spans[id].finish - estimate.spans[id].start;
    if (span > region.cycles * (1 + 1e-9)) {
      bounds[static_cast<std::size_t>(Resource::memory)] = span - other;
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
  const PlanResult planned = make_plan(chip, tasks_);
  const PlanEstimate estimate = estimate_plan(chip, planned.plan);
  const double frequency = chip.clock().frequency().value();
  Evaluation result;
  result.area = chip.area();
  result.tdp = chip.tdp();
  result.time = estimate.time;
  result.energy = estimate.energy;
  result.throughput = static_cast<double>(batch_) / estimate.time.value();
  const double peak_macs = chip.peak_macs_per_second() * estimate.time.value();
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
