// Joins the HBM's behaviour to its block type.
#include "models/memory/hbm_command_core.h"
#include "models/memory/hbm_core.h"
#include "sim/kernel/module_registry.h"

namespace simdse {
namespace {

std::unique_ptr<StorageCore> make_core(const Chip& chip) {
  const auto& hbm = dynamic_cast<const Hbm&>(chip.memory());
  if (hbm.params().mode == Hbm::Mode::command) return std::make_unique<HbmCommandCore>(hbm);
  return std::make_unique<HbmCore>(hbm);
}

const RegisterModule registration({"memory", "hbm", make_core, nullptr});

}  // namespace
}  // namespace simdse
