// Throws before anyone has asked for anything.
#include <stdexcept>

namespace {
int fail() { throw std::runtime_error("thrown while the library is loaded"); }
const int value = fail();
}  // namespace
