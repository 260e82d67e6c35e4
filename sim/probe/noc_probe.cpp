#include "sim/probe/noc_probe.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "models/noc/transfer_network.h"
#include "sim/kernel/module_registry.h"

namespace simdse {
namespace {

const ModuleType& module_of(const Chip& chip) {
  const BlockConfig& block = chip.design().noc;
  const ModuleType* type = ModuleRegistry::instance().find(block.kind, block.type);
  if (type == nullptr) {
    throw InputError(
        fmt::format("noc block '{}' can't be simulated: it has no module", block.type));
  }
  return *type;
}

}  // namespace

bool has_flit_level(const Chip& chip) { return module_of(chip).flits != nullptr; }

double link_rate(const Chip& chip) {
  return std::isinf(chip.noc().port_width().value()) ? std::numeric_limits<double>::infinity() : 1;
}

LoadFigures probe_noc(const Chip& chip, NocLevel level, const Traffic& traffic,
                      const NetworkLoad& load) {
  const ModuleType& type = module_of(chip);
  if (level == NocLevel::flits) {
    if (type.flits == nullptr) {
      throw InputError(fmt::format("noc block '{}' has no model of flits", type.name));
    }
    return run_load(*type.flits(chip.noc()), traffic, load);
  }
  const std::unique_ptr<NocCore> core = type.noc(chip.noc(), chip.clock());
  TransferNetwork network(chip.noc(), *core, chip.clock());
  return run_load(network, traffic, load);
}

double find_saturation(const Chip& chip, NocLevel level, const Traffic& traffic, NetworkLoad load) {
  const double bound = LoadFormula::of(traffic, load, link_rate(chip)).bound;
  double sustained = 0;
  double too_much = std::min(1.0, bound * 1.05);
  while (too_much - sustained > 0.01 * bound) {
    load.rate = (sustained + too_much) / 2;
    (probe_noc(chip, level, traffic, load).is_saturated ? too_much : sustained) = load.rate;
  }
  return sustained;
}

}  // namespace simdse
