// The kind "link": from chip to chip.
#pragma once

#include <cstdint>

#include "models/base/block.h"

namespace simdse {

/// One end of a link that joins two chips, with a line in each direction.
class Link : public Block {
 public:
  /// What one direction carries at most when the receiver takes everything at once: data bytes,
  /// packet headers and encoding taken off.
  virtual BytesPerSecond bandwidth() const = 0;
  /// From the first bit's leaving one chip to its being taken in by the other.
  virtual Seconds latency() const = 0;
};

}  // namespace simdse
