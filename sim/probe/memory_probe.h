// A memory alone under a load.
#pragma once

#include <cstdint>

#include "models/base/clock.h"
#include "models/chip/chip.h"
#include "models/memory/access_pattern.h"

namespace simdse {

/// A load with an end.
struct MemoryLoad {
  AccessPattern pattern;
  std::int64_t blocks = 1;
  std::uint64_t seed = 1;  ///< of the random order and of which blocks are written
};

struct MemoryProbeResult {
  Seconds time;          ///< from the first request to the last byte
  Seconds mean_latency;  ///< from a block's request to its last byte, time in queues included
  Seconds idle_latency;  ///< the same of a lone read of the memory's smallest access
};

/// Simulates the memory of `chip` with the module that its block type registers, joined to one
/// initiator directly, as the only thing in the kernel. A process can do this once.
///
/// The initiator first reads the smallest access alone, and then keeps `pattern.outstanding` blocks
/// under way until all have been asked for. Throws InputError when the memory has no module.
MemoryProbeResult probe_memory(const Chip& chip, const MemoryLoad& load);

}  // namespace simdse
