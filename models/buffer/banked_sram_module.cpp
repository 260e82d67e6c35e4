// Joins the banked SRAM's behaviour to its block type.
#include "models/buffer/banked_sram_core.h"
#include "sim/kernel/module_registry.h"

namespace simdse {
namespace {

const RegisterModule registration({"buffer", "banked_sram",
                                   [](const Chip& chip) {
                                     return std::make_unique<BankedSramCore>(chip.buffer(),
                                                                             chip.clock());
                                   },
                                   nullptr});

}  // namespace
}  // namespace simdse
