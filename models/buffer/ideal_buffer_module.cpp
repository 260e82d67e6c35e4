// The ideal buffer behaves as banks of infinite width do.
#include "models/buffer/banked_sram_core.h"
#include "sim/kernel/module_registry.h"

namespace simdse {
namespace {

const RegisterModule registration({"buffer", "ideal",
                                   [](const Chip& chip) {
                                     return std::make_unique<BankedSramCore>(chip.buffer(),
                                                                             chip.clock());
                                   },
                                   nullptr});

}  // namespace
}  // namespace simdse
