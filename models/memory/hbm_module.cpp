// Joins the HBM's behaviour to its block type.
#include "models/memory/hbm_core.h"
#include "sim/kernel/module_registry.h"

namespace simdse {
namespace {

const RegisterModule registration({"memory", "hbm",
                                   [](const Chip& chip) {
                                     return std::make_unique<HbmCore>(
                                         dynamic_cast<const Hbm&>(chip.memory()));
                                   },
                                   nullptr});

}  // namespace
}  // namespace simdse
