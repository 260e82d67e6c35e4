// How transfers are cut for the network and the storages, and how many may be under way.
#pragma once

#include <cstdint>

#include "models/base/units.h"

namespace simdse {

struct TransferLimits {
  std::int64_t max_bytes = 512 * 1024;  ///< of one transaction
  Bytes core_window = Bytes(1 << 20);   ///< bytes of a core that have not begun to be answered
  Bytes dma_window = Bytes(1 << 20);    ///< bytes between memory and buffer
  /// Of one transaction of the engine that fills the buffer: a tile's operand. Two of them are what
  /// cores wait for at most when they ask the buffer for something.
  std::int64_t dma_bytes = 128 * 1024;
};

}  // namespace simdse
