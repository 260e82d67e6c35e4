// Whether a core moves data while it works.
#pragma once

#include <cstddef>

namespace simdse {

/// `twofold`: two places for operands and two for results, so that loads and stores hide behind the
/// work. `single`: one of each, so that a core loads, works and stores one after the other.
enum class Buffering { single, twofold };

/// Items whose operands a core holds at a time.
inline std::size_t operand_places(Buffering buffering) {
  return buffering == Buffering::single ? 1 : 2;
}

}  // namespace simdse
