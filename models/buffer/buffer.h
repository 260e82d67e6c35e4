// The kind "buffer": on-chip memory shared by all cores.
#pragma once

#include <cstdint>

#include "models/base/block.h"

namespace simdse {

class Buffer : public Block {
 public:
  virtual Bytes capacity() const = 0;
  virtual std::int64_t banks() const = 0;
  /// Ports of each bank: accesses that it serves at once, reads and writes alike.
  virtual std::int64_t ports() const { return 1; }
  /// Consecutive bytes that lie in one bank before the next bank's turn.
  virtual Bytes interleave() const = 0;
  /// What one port of one bank moves per cycle.
  virtual BytesPerCycle bank_width() const = 0;
  /// Cycles from a request to its first data.
  virtual Cycles latency() const = 0;

  /// Transfers that the buffer accepts before the first of them is done.
  virtual std::int64_t queue_depth() const = 0;

  /// What all banks together move per cycle; infinite for an ideal buffer.
  BytesPerCycle bandwidth() const { return bank_width() * static_cast<double>(banks() * ports()); }
};

}  // namespace simdse
