#include "search/schedule/option_cache.h"

#include <fmt/core.h>

namespace simdse {
namespace {

std::string text_of(const BlockConfig& block) {
  std::string text = block.type;
  for (const auto& [name, value] : block.params) {
    text += ' ' + name + ' ';
    std::visit(
        [&](const auto& v) {
          if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>) {
            text += v;
          } else {
            text += fmt::format("{}", v);
          }
        },
        value);
  }
  return text;
}

}  // namespace

OptionCache::Cores OptionCache::cores_of(const Chip& chip, const ChipRates& rates,
                                         std::int32_t tensor_core, std::int32_t vector_core) {
  const std::vector<CoreGroupConfig>& groups = chip.design().cores;
  std::string text;
  if (tensor_core != kNone) text += text_of(groups[chip.group_of_tensor_core(tensor_core)].block);
  text += '|';
  if (vector_core != kNone) text += text_of(groups[chip.group_of_vector_core(vector_core)].block);
  static_assert(sizeof(ChipRates) == 11 * sizeof(double), "every rate is part of the key");
  for (const double rate : {rates.port, rates.network_buffer, rates.network_memory, rates.buffer,
                            rates.memory, rates.turnaround, rates.write_batch, rates.noc_latency,
                            rates.buffer_latency, rates.memory_latency, rates.launch}) {
    text += fmt::format(" {}", rate);
  }
  const auto next = static_cast<std::int32_t>(cores_.size());
  return {cores_.try_emplace(std::move(text), next).first->second};
}

const OptionCache::Mappings* OptionCache::find_mappings(Cores cores, std::int32_t signature,
                                                        std::int64_t parts,
                                                        std::int64_t staging) const {
  const auto found = mappings_.find({cores.id, signature, parts, 0, 0});
  if (found == mappings_.end()) return nullptr;
  for (const Mappings& known : found->second) {
    if (known.needed <= staging && staging <= known.staging) return &known;
  }
  return nullptr;
}

const OptionCache::Mappings& OptionCache::add_mappings(Cores cores, std::int32_t signature,
                                                       std::int64_t parts, Mappings mappings) {
  for (const MappedContraction& mapped : mappings.mapped) {
    // Rings are whole bytes, but may have been rounded down to them.
    mappings.needed = std::max(mappings.needed, mapped.staging().value() + 2);
  }
  mappings.id = mappings_count_++;
  std::vector<Mappings>& known = mappings_[{cores.id, signature, parts, 0, 0}];
  known.push_back(std::move(mappings));
  return known.back();
}

const OptionCache::Option* OptionCache::find_option(Cores cores, std::int32_t signature,
                                                    std::int64_t parts, std::int64_t vectors,
                                                    std::int64_t mapping) const {
  const auto found = options_.find({cores.id, signature, parts, vectors, mapping});
  return found == options_.end() ? nullptr : found->second.get();
}

const OptionCache::Option& OptionCache::add_option(Cores cores, std::int32_t signature,
                                                   std::int64_t parts, std::int64_t vectors,
                                                   std::int64_t mapping, Option option) {
  const Key key = {cores.id, signature, parts, vectors, mapping};
  std::unique_ptr<const Option>& known = options_[key];
  if (!known) known = std::make_unique<const Option>(std::move(option));
  return *known;
}

}  // namespace simdse
