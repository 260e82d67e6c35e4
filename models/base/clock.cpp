#include "models/base/clock.h"

#include <fmt/core.h>

#include <cmath>

#include "models/base/error.h"

namespace simdse {

Picoseconds to_picoseconds(Seconds time) {
  // Written so that no number fails, too.
  if (!(std::abs(time.value()) < kLongestTime.value())) {
    throw InputError(
        fmt::format("a time of {:.6g} s is longer than the {:.6g} s that can be counted",
                    time.value(), kLongestTime.value()));
  }
  return static_cast<Picoseconds>(std::llround(time.value() * 1e12));
}

}  // namespace simdse
