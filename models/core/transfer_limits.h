// How transfers are cut for the network and the storages, and how many may be under way.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "models/base/units.h"

namespace simdse {

struct TransferLimits {
  static constexpr std::int64_t kMaxBytes = 512 * 1024;  ///< that hold nearly every tile whole

  std::int64_t max_bytes = kMaxBytes;  ///< of one transaction
  Bytes core_window = Bytes(1 << 20);  ///< bytes of a core that have not begun to be answered
  Bytes dma_window = Bytes(1 << 20);   ///< bytes between memory and buffer
  /// Of one transaction of the engine that fills the buffer: a tile's operand. Two of them are what
  /// cores wait for at most when they ask the buffer for something.
  std::int64_t dma_bytes = 128 * 1024;

  /// Into how many transactions this cuts one of the default's size. So many stand for one entry of
  /// a queue, so that what a queue holds does not depend on how transfers are cut.
  std::size_t transactions_per_entry() const {
    return static_cast<std::size_t>(std::max<std::int64_t>(1, kMaxBytes / max_bytes));
  }
};

}  // namespace simdse
