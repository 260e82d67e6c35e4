#include "search/local/evaluator.h"

#include <fmt/core.h>

#include <algorithm>

#include "models/base/byte_text.h"
#include "models/base/error.h"
#include "models/base/quantity_text.h"
#include "models/plugin/plugin.h"
#include "search/schedule/option_sample.h"

namespace simdse {

template <class Archive>
void exchange(Archive& archive, Evaluation& e) {
  auto& [area, tdp, time, energy, throughput, mfu, hfu, memory_used, breakdown, chain,
         tensor_conflict, vector_conflict, cost_calls] = e;
  archive(area, tdp, time, energy, throughput, mfu, hfu, memory_used, breakdown, chain,
          tensor_conflict, vector_conflict, cost_calls);
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

Evaluator::Evaluator(std::vector<WeightedTasks> parts, std::int64_t batch,
                     std::shared_ptr<const Technology> technology)
    : parts_(std::move(parts)), batch_(batch), technology_(std::move(technology)) {
  product_format_ = product_format(tasks());
  for (const WeightedTasks& part : parts_) {
    recomputed_macs_ +=
        part.times * static_cast<double>(graph_statistics(*part.tasks->graph).recomputed_macs);
  }
}

Evaluation Evaluator::evaluate(const Chip& chip, std::optional<std::uint64_t> option_sample) const {
  if (chip.design().plugins.empty()) {
    CostCalls calls;
    try {
      const Evaluation evaluation = evaluate_here(chip, option_sample, calls);
      tell(chip, &evaluation, evaluation.cost_calls);
      return evaluation;
    } catch (const InputError&) {
      tell(chip, nullptr, calls.count());
      throw;
    }
  }
  Design design = chip.design();
  design.name.clear();
  std::string key = design_yaml(design);
  if (option_sample) key += std::to_string(*option_sample);
  const auto [entry, is_new] = answers_.try_emplace(std::move(key));
  Answer& answer = entry->second;
  if (is_new) {
    try {
      answer.evaluation = evaluate_in_child(chip, option_sample);
    } catch (const InputError&) {
      answer.failure = std::current_exception();
    }
    tell(chip, answer.failure ? nullptr : &answer.evaluation, answer.evaluation.cost_calls);
  }
  if (answer.failure) std::rethrow_exception(answer.failure);
  return answer.evaluation;
}

Evaluation Evaluator::evaluate_in_child(const Chip& chip,
                                        std::optional<std::uint64_t> option_sample) const {
  return from_bytes<Evaluation>(run_with_plugins(chip.design().plugins, [&] {
    CostCalls calls;
    const Evaluation evaluation = evaluate_here(with_own_blocks(chip), option_sample, calls);
    check_estimate(evaluation.time, evaluation.energy);
    return to_bytes(evaluation);
  }));
}

OptionCache* Evaluator::cache_for(const Chip& chip, std::size_t part) const {
  // What a plug-in's block is, its parameters alone do not tell.
  if (!chip.design().plugins.empty()) return nullptr;
  // So much memory at most, whatever the search.
  constexpr std::size_t most_entries = 1'000'000;
  options_.resize(parts_.size());
  std::shared_ptr<OptionCache>& cache = options_[part];
  if (!cache || cache->size() > most_entries / parts_.size()) {
    cache = std::make_shared<OptionCache>();
  }
  return cache.get();
}

Evaluation Evaluator::evaluate_here(const Chip& chip, std::optional<std::uint64_t> option_sample,
                                    CostCalls& calls) const {
  if (chip.memory().capacity() < least_memory_) {
    const auto text = [](Bytes bytes) {
      return format_quantity(to_double(bytes), Dimension::bytes, 4);
    };
    throw InputError(
        fmt::format("the workload does not fit the memory: it needs {}, the chip has {}",
                    text(least_memory_), text(chip.memory().capacity())));
  }
  Evaluation result;
  result.area = chip.area();
  result.tdp = chip.tdp();
  double macs = 0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const WeightedTasks& part = parts_[i];
    std::vector<TaskOptions> options =
        find_options(chip, *part.tasks, {}, &calls, cache_for(chip, i));
    if (option_sample) options = sample_options(options, *option_sample);
    const PlanResult planned = make_plan(chip, *part.tasks, options);
    const PlanEstimate estimate = estimate_plan(chip, planned.plan, &calls);
    const double frequency = chip.clock().frequency().value();
    result.time += estimate.time * part.times;
    result.energy += estimate.energy * part.times;
    macs += estimate.macs * part.times;
    result.memory_used = std::max(result.memory_used, planned.plan.peak_memory);
    for (std::size_t share = 0; share < result.breakdown.size(); ++share) {
      result.breakdown[share] += estimate.breakdown[share] * estimate.time.value() * part.times;
    }
    for (ChainLink link : chain_of(estimate)) {
      link.count *= part.times;
      result.chain.push_back(link);
    }
    result.tensor_conflict += Seconds(planned.tensor_conflict / frequency * part.times);
    result.vector_conflict += Seconds(planned.vector_conflict / frequency * part.times);
  }
  for (double& share : result.breakdown) share /= result.time.value();
  result.throughput = static_cast<double>(batch_) / result.time.value();
  const double peak_macs = chip.peak_macs_per_second(product_format_) * result.time.value();
  result.mfu = (macs - recomputed_macs_) / peak_macs;
  result.hfu = macs / peak_macs;
  result.cost_calls = calls.count();
  return result;
}

}  // namespace simdse
