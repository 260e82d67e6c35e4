// The module of a crossbar.
#include "models/noc/crossbar_core.h"
#include "sim/kernel/module_registry.h"

namespace simdse {
namespace {

ModuleType module_type(const char* name) {
  ModuleType type;
  type.kind = "noc";
  type.name = name;
  type.noc = [](const Noc& noc, const Clock& clock) {
    return std::make_unique<CrossbarCore>(noc, clock);
  };
  return type;
}

const RegisterModule registration(module_type("crossbar"));
// The ideal network behaves as a crossbar of infinite width does.
const RegisterModule ideal_registration(module_type("ideal"));

}  // namespace
}  // namespace simdse
