#include "models/chip/chip.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
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
    : design_(std::move(design)),
      technology_(std::move(technology)),
      clock_(design_.clock),
      voltage_(technology_->voltage.voltage_for(clock_.frequency())) {
  std::int64_t core_count = 0;
  for (const CoreGroupConfig& group : design_.cores) core_count += group.count;
  const BlockContext context{clock_, core_count};
  // One entry per group, in the design's order, then one per block.
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
      tensor_core_group_.insert(tensor_core_group_.end(), count, costs_.size());
      add_cost("tensor cores", group.count, *core);
    } else {
      const auto core = build<VectorCore>(group.block, context);
      vector_groups_.push_back(
          {static_cast<std::int32_t>(vector_cores_.size()), static_cast<std::int32_t>(count)});
      vector_cores_.insert(vector_cores_.end(), count, core);
      vector_core_group_.insert(vector_core_group_.end(), count, costs_.size());
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
  // The engine's area is part of the dispatcher's control.
  if (std::isfinite(memory_->peak_bandwidth().value())) {
    BlockCost dma;
    dma.actions = {
        {"byte", technology_->crossbar_energy_per_byte, memory_->peak_bandwidth().value()}};
    costs_.push_back({"DMA", 1, price(std::move(dma))});
  }
  limit_peak_rates();
}

void Chip::limit_peak_rates() {
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
  // Capacitances are charged to the voltage: CV^2 per action. Leakage is taken to be in proportion
  // to it (subthreshold current hardly depends on it, so power goes with V).
  const double scale = voltage_ / technology_->voltage.nominal;
  if (!cost.has_own_supply) {
    cost.static_power = cost.static_power * scale;
    for (ActionCost& action : cost.actions) action.energy = action.energy * (scale * scale);
  }
  // What isn't modelled is silicon too.
  cost.static_power += Watts(technology_->logic_leakage * unexplained.value() * scale);
  constexpr double gigahertz = 1e9;
  cost.static_power += Watts(technology_->clock_power * cost.total_area().value() *
                             clock_.frequency().value() / gigahertz * scale * scale);
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

std::string Chip::problem() const {
  const Technology& t = *technology_;
  const auto megahertz = [](double hertz) { return fmt::format("{:.0f} MHz", hertz / 1e6); };
  const double clock = clock_.frequency().value();
  if (clock > t.voltage.fastest().value() * (1 + 1e-9)) {
    return fmt::format("clock {} is above {}, what {} allows at its highest voltage of {:.4g} V",
                       megahertz(clock), megahertz(t.voltage.fastest().value()), t.name,
                       t.voltage.maximum.value());
  }
  // Gates and arrays speed up alike. Arrays are pipelined over whole cycles down to their
  // subarrays, which are read in one.
  const double speed_up = t.voltage.clock_at(voltage_) / t.voltage.nominal_clock;
  const double subarray = t.sram_access_time.front().time.value() / speed_up;
  if (clock * subarray > 1) {
    return fmt::format(
        "clock {} is above {}: an SRAM subarray of {} takes {:.3g} ns", megahertz(clock),
        megahertz(1 / subarray),
        format_quantity(to_double(t.sram_access_time.front().capacity), Dimension::bytes),
        subarray * 1e9);
  }
  const double latency = to_double(buffer_->latency()) / clock;
  const Bytes bank(buffer_->capacity().value() / buffer_->banks());
  const double access =
      t.sram_access(bank).value() * t.port_factors(buffer_->ports()).access_time / speed_up;
  // An ideal buffer has no arrays to wait for.
  const bool has_arrays = !buffer_->cost(t).area.empty();
  if (has_arrays && latency < access) {
    return fmt::format(
        "clock {}: a bank of {} takes {:.3g} ns, more than the global buffer's latency of {} "
        "cycles",
        megahertz(clock), format_quantity(to_double(bank), Dimension::bytes, 4), access * 1e9,
        buffer_->latency().value());
  }
  const double die = area().value();
  const double reticle = t.reticle_width * t.reticle_height;
  if (die > reticle) {
    return fmt::format("the die of {:.4g} mm2 is larger than the reticle, {:.4g} x {:.4g} mm", die,
                       t.reticle_width, t.reticle_height);
  }
  const double edge = 4 * std::sqrt(die);
  double taken = 0;
  for (const ChipCostEntry& entry : costs_) {
    taken += entry.each.die_edge * static_cast<double>(entry.count);
  }
  if (taken > edge) {
    return fmt::format(
        "stacks take {:.4g} mm of the die's edge, which is {:.4g} mm long at "
        "{:.4g} mm2",
        taken, edge, die);
  }
  return "";
}

double Chip::peak_macs_per_second() const {
  double per_cycle = 0;
  for (const auto& core : tensor_cores_) {
    per_cycle += static_cast<double>(core->peak_macs_per_cycle());
  }
  return per_cycle * clock_.frequency().value();
}

double Chip::peak_macs_per_second(const NumberFormat& format) const {
  double per_cycle = 0;
  for (const auto& core : tensor_cores_) per_cycle += core->peak_macs_per_cycle_of(format);
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

Chip load_unchecked_chip(const std::string& name_or_path, const DataFiles& files,
                         const std::vector<Override>& overrides) {
  Design design = load_design(name_or_path, files, overrides);
  auto technology = std::make_shared<const Technology>(
      load_technology(design.technology, files, design.technology_where));
  return Chip(std::move(design), std::move(technology));
}

Chip load_chip(const std::string& name_or_path, const DataFiles& files,
               const std::vector<Override>& overrides) {
  Chip chip = load_unchecked_chip(name_or_path, files, overrides);
  if (const std::string problem = chip.problem(); !problem.empty()) {
    throw InputError(fmt::format("{} can't be built: {}", chip.design().name, problem));
  }
  return chip;
}

}  // namespace simdse
