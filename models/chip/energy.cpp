#include "models/chip/energy.h"

namespace simdse {
namespace {

/// How often a block's action happened. `group` counts what its cores did, if it is a core group.
double count_of(const std::string& block, const std::string& action, bool is_tensor,
                const ActionCounts::Group* group, const ActionCounts& all) {
  if (group != nullptr) {
    if (is_tensor) return group->macs;  // all that a tensor core does is done per MAC
    return action == "operation" ? group->vector_operations : group->vector_bytes;
  }
  if (block == "global buffer") return all.buffer_bytes;
  if (block == "network") return all.network_bytes;
  if (block == "memory") return all.memory_bytes;
  if (block == "DMA") return all.dma_bytes();
  return 0;
}

}  // namespace

std::vector<EnergyPart> energy_breakdown(const Chip& chip, const ActionCounts& actions,
                                         Seconds time) {
  // A chip lists its costs group by group, then block by block.
  const std::vector<CoreGroupConfig>& configs = chip.design().cores;
  std::vector<ActionCounts::Group> groups = actions.groups;
  if (groups.empty()) {
    groups.resize(configs.size());
    bool has_tensor = false;
    bool has_vector = false;
    for (std::size_t i = 0; i < configs.size(); ++i) {
      const bool is_tensor = configs[i].block.kind == "tensor_core";
      bool& has_one = is_tensor ? has_tensor : has_vector;
      if (has_one) continue;
      has_one = true;
      if (is_tensor) {
        groups[i].macs = actions.macs;
      } else {
        groups[i].vector_operations = actions.vector_operations;
        groups[i].vector_bytes = actions.vector_bytes;
      }
    }
  }
  std::vector<EnergyPart> parts;
  for (std::size_t i = 0; i < chip.costs().size(); ++i) {
    const ChipCostEntry& entry = chip.costs()[i];
    const bool is_tensor = i < configs.size() && configs[i].block.kind == "tensor_core";
    const ActionCounts::Group* group = i < configs.size() ? &groups[i] : nullptr;
    for (const ActionCost& action : entry.each.actions) {
      const double count = count_of(entry.name, action.name, is_tensor, group, actions);
      parts.push_back({entry.name, action.name, action.energy * count});
    }
    parts.push_back({entry.name, "always", entry.static_power() * time});
  }
  return parts;
}

Joules energy_of(const Chip& chip, const ActionCounts& actions, Seconds time) {
  Joules total(0);
  for (const EnergyPart& part : energy_breakdown(chip, actions, time)) total += part.energy;
  return total;
}

}  // namespace simdse
