// A load on a memory: which blocks are accessed, in which order, how many at a time.
#pragma once

#include <cstdint>

#include "models/base/units.h"

namespace simdse {

struct AccessPattern {
  enum class Order {
    sequential,  ///< block after block
    random,      ///< blocks anywhere, independent of each other and uniform
    stride,      ///< a block at every `stride` bytes
  };

  Order order = Order::sequential;
  Bytes block = Bytes(256);       ///< bytes of one access
  Bytes stride = Bytes(4096);     ///< from block to block; at least a block
  double write_share = 0;         ///< probability that a block is written rather than read
  std::int64_t outstanding = 64;  ///< blocks asked for and not complete
};

}  // namespace simdse
