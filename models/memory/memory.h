// The kind "memory": off-chip memory.
#pragma once

#include <cstdint>

#include "models/base/block.h"
#include "models/memory/access_pattern.h"

namespace simdse {

class Memory : public Block {
 public:
  virtual Bytes capacity() const = 0;
  virtual std::int64_t channels() const = 0;
  /// Consecutive bytes that lie in one channel before the next channel's turn.
  virtual Bytes interleave() const = 0;
  /// Data rate of all channels; infinite for an ideal memory.
  virtual BytesPerSecond peak_bandwidth() const = 0;
  /// What long sequential transfers get in the end.
  virtual BytesPerSecond sustained_bandwidth() const = 0;
  /// Transfers that the memory accepts before the first of them is done.
  virtual std::int64_t queue_depth() const = 0;
  /// Bytes of the largest transfer that should be made at once.
  virtual Bytes max_transfer() const { return Bytes(std::int64_t{1} << 30); }
  /// From a request to its first data in an idle memory.
  virtual Seconds latency() const = 0;
  /// The smallest access: what one burst moves.
  virtual Bytes access_size() const = 0;
  /// What a channel's data bus loses when it turns from reading to writing and back.
  virtual Seconds turnaround() const { return {}; }
  /// What a channel that is asked for reads as well writes before it turns back.
  virtual Bytes write_batch() const { return access_size(); }

  BytesPerSecond channel_bandwidth() const;
  /// What a load gets in the end, as far as a closed form can say.
  virtual BytesPerSecond bandwidth(const AccessPattern& pattern) const;
  /// From a lone request for the smallest access to its last byte, in an idle memory.
  Seconds idle_latency() const;
  /// From a block's request to its last byte. With a number of blocks always under way, latency
  /// and rate are tied by Little's law; a block alone takes its latency and the time of its data.
  Seconds mean_latency(const AccessPattern& pattern) const;
};

}  // namespace simdse
