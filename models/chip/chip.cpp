#include "models/chip/chip.h"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>

namespace simdse {
namespace {

/// Builds one block and checks that it is what its kind promises.
template <class Interface>
std::shared_ptr<const Interface> build(const BlockConfig& config, const BlockContext& context) {
  const BlockType* type = BlockRegistry::instance().find(config.kind, config.type);
  if (type == nullptr) {
    throw InputError(fmt::format("there is no {} block '{}'", config.kind, config.type));
  }
  auto block = std::dynamic_pointer_cast<const Interface>(type->create(config.params, context));
  if (block == nullptr) {
    throw std::logic_error(fmt::format("block type '{}' is not a {}", config.type, config.kind));
  }
  return block;
}

}  // namespace

Chip::Chip(Design design, std::shared_ptr<const Technology> technology)
    : design_(std::move(design)), technology_(std::move(technology)), clock_(design_.clock) {
  std::int64_t core_count = 0;
  for (const CoreGroupConfig& group : design_.cores) core_count += group.count;
  const BlockContext context{clock_, core_count};
  const auto add_cost = [this](std::string name, std::int64_t count, const Block& block) {
    // Groups of one kind are told apart: "tensor cores", "tensor cores 2".
    std::size_t alike = 1;
    for (const ChipCostEntry& entry : costs_) alike += entry.name.rfind(name, 0) == 0 ? 1 : 0;
    if (alike > 1) name += fmt::format(" {}", alike);
    costs_.push_back({std::move(name), count, price(block.cost(*technology_))});
  };
  for (const CoreGroupConfig& group : design_.cores) {
    const auto count = static_cast<std::size_t>(group.count);
    if (group.block.kind == "tensor_core") {
      const auto core = build<TensorCore>(group.block, context);
      tensor_groups_.push_back(
          {static_cast<std::int32_t>(tensor_cores_.size()), static_cast<std::int32_t>(count)});
      tensor_cores_.insert(tensor_cores_.end(), count, core);
      add_cost("tensor cores", group.count, *core);
    } else {
      const auto core = build<VectorCore>(group.block, context);
      vector_groups_.push_back(
          {static_cast<std::int32_t>(vector_cores_.size()), static_cast<std::int32_t>(count)});
      vector_cores_.insert(vector_cores_.end(), count, core);
      add_cost("vector cores", group.count, *core);
    }
  }
  buffer_ = build<Buffer>(design_.global_buffer, context);
  noc_ = build<Noc>(design_.noc, context);
  memory_ = build<Memory>(design_.memory, context);
  dispatcher_ = build<Dispatcher>(design_.dispatcher, context);
  add_cost("global buffer", 1, *buffer_);
  add_cost("network", 1, *noc_);
  add_cost("memory", 1, *memory_);
  add_cost("dispatcher", 1, *dispatcher_);
  if (design_.links) {
    link_ = build<Link>(design_.links->block, context);
    add_cost("links", design_.links->count, *link_);
  }
  // The network carries no more than buffer and memory give and take, however wide its ports are.
  const double most =
      (buffer_->bandwidth() * clock_.frequency() + memory_->peak_bandwidth()).value();
  for (ChipCostEntry& entry : costs_) {
    if (entry.name != "network") continue;
    for (ActionCost& action : entry.each.actions) {
      if (action.name == "byte") action.peak_per_second = std::min(action.peak_per_second, most);
    }
  }
}

BlockCost Chip::price(BlockCost cost) const {
  Area unexplained(0);
  for (const AreaPart& part : cost.area) {
    if (!part.is_macro) unexplained += part.area * technology_->unexplained_area;
  }
  if (unexplained > Area(0)) cost.area.push_back({kUnexplained, unexplained});
  constexpr double gigahertz = 1e9;
  cost.static_power += Watts(technology_->clock_power * cost.total_area().value() *
                             clock_.frequency().value() / gigahertz);
  return cost;
}

Area Chip::area() const {
  Area total(0);
  for (const ChipCostEntry& entry : costs_) total += entry.area();
  return total;
}

Watts Chip::static_power() const {
  Watts total(0);
  for (const ChipCostEntry& entry : costs_) total += entry.static_power();
  return total;
}

Watts Chip::sustained_power() const {
  Watts total(0);
  for (const ChipCostEntry& entry : costs_) total += entry.peak_power();
  return total;
}

double Chip::peak_macs_per_second() const {
  double per_cycle = 0;
  for (const auto& core : tensor_cores_) {
    per_cycle += static_cast<double>(core->peak_macs_per_cycle());
  }
  return per_cycle * clock_.frequency().value();
}

std::string Chip::label() const {
  std::string tensor;
  std::string vector;
  std::size_t tensor_at = 0;
  std::size_t vector_at = 0;
  for (const CoreGroupConfig& group : design_.cores) {
    const auto count = static_cast<std::size_t>(group.count);
    if (group.block.kind == "tensor_core") {
      tensor += fmt::format("{}{}x{}", tensor.empty() ? "" : "+", count,
                            tensor_cores_[tensor_at]->label());
      tensor_at += count;
    } else {
      vector += fmt::format("{}{}x{}", vector.empty() ? "" : "+", count,
                            vector_cores_[vector_at]->label());
      vector_at += count;
    }
  }
  constexpr double mib = 1024.0 * 1024;
  const double buffer_mib = to_double(buffer_->capacity()) / mib;
  const double gigabytes_per_second = memory_->peak_bandwidth().value() / 1e9;
  return fmt::format("{} {} {:.4g}M {:.4g}GB/s", tensor, vector, buffer_mib, gigabytes_per_second);
}

Chip load_chip(const std::string& name_or_path, const DataFiles& files,
               const std::vector<Override>& overrides) {
  Design design = load_design(name_or_path, files, overrides);
  auto technology = std::make_shared<const Technology>(
      load_technology(design.technology, files, design.technology_where));
  return Chip(std::move(design), std::move(technology));
}

}  // namespace simdse
