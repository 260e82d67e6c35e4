#include "models/chip/energy.h"

namespace simdse {
namespace {

/// Energy of the action called `name` of the block called `block`; zero if the block has none.
Joules action_energy(const Chip& chip, const std::string& block, const std::string& name) {
  for (const ChipCostEntry& entry : chip.costs()) {
    if (entry.name != block) continue;
    for (const ActionCost& action : entry.each.actions) {
      if (action.name == name) return action.energy;
    }
    return Joules(0);
  }
  return Joules(0);
}

}  // namespace

Joules energy_of(const Chip& chip, const ActionCounts& actions, Seconds time) {
  Joules total = chip.static_power() * time;
  const auto add = [&](const char* block, const char* action, double count) {
    total += action_energy(chip, block, action) * count;
  };
  add("tensor cores", "mac", actions.macs);
  add("vector cores", "operation", actions.vector_operations);
  add("vector cores", "byte", actions.vector_bytes);
  add("network", "byte", actions.network_bytes);
  add("global buffer", "byte", actions.buffer_bytes);
  add("memory", "byte", actions.memory_bytes);
  return total;
}

}  // namespace simdse
