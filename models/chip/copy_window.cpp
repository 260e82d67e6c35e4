#include "models/chip/copy_window.h"

#include <algorithm>
#include <cmath>

namespace simdse {

Bytes copy_window(const Chip& chip) {
  constexpr Bytes two_tiles(2 * 128 * 1024);
  const double rate = chip.memory().sustained_bandwidth().value();
  if (std::isinf(rate)) return two_tiles;  // an ideal memory has no latency to keep busy through
  const double latency = chip.memory().latency().value() +
                         to_double(chip.buffer().latency()) / chip.clock().frequency().value();
  return std::max(two_tiles, Bytes(static_cast<std::int64_t>(2 * rate * latency)));
}

}  // namespace simdse
