// The SIMD unit runs in the module of its kind: its timing is all that distinguishes it.
#include "sim/kernel/module_registry.h"

namespace simdse {
namespace {

const RegisterModule registration({"vector_core", "simd", nullptr, nullptr});

}  // namespace
}  // namespace simdse
