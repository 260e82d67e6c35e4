// The kind "noc": the network between cores, global buffer and memory.
#pragma once

#include <cstdint>

#include "models/base/block.h"

namespace simdse {

/// Every core has one port; the buffer and the memory have several each, over which addresses are
/// spread. A port carries `port_width` bytes per cycle in each direction.
class Noc : public Block {
 public:
  virtual BytesPerCycle port_width() const = 0;
  virtual std::int64_t buffer_ports() const = 0;
  virtual std::int64_t memory_ports() const = 0;
  /// Cycles that a request, or the head of its data, spends on the way.
  virtual Cycles latency() const = 0;
};

}  // namespace simdse
