// The ideal network behaves as a crossbar of infinite width does.
#include "models/noc/crossbar_module.h"
#include "sim/kernel/module_registry.h"

namespace simdse {
namespace {

const RegisterModule registration({"noc", "ideal", nullptr,
                                   [](const char* name, TimeService& time, const Chip& chip) {
                                     return std::make_unique<CrossbarModule>(name, time, chip);
                                   }});

}  // namespace
}  // namespace simdse
