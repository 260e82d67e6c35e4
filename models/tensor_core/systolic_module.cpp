// The systolic array runs in the module of its kind: its timing is all that distinguishes it.
#include "sim/kernel/module_registry.h"

namespace simdse {
namespace {

const RegisterModule registration({"tensor_core", "systolic", nullptr, nullptr});

}  // namespace
}  // namespace simdse
