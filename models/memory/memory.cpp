#include "models/memory/memory.h"

#include <algorithm>

namespace simdse {

BytesPerSecond Memory::channel_bandwidth() const {
  return peak_bandwidth() / static_cast<double>(channels());
}

Seconds Memory::idle_latency() const { return latency() + access_size() / channel_bandwidth(); }

BytesPerSecond Memory::bandwidth(const AccessPattern&) const { return sustained_bandwidth(); }

Seconds Memory::mean_latency(const AccessPattern& pattern) const {
  const std::int64_t spread = std::clamp<std::int64_t>(
      ceil_div(pattern.block.value(), interleave().value()), 1, channels());
  const Seconds alone =
      latency() + pattern.block / (channel_bandwidth() * static_cast<double>(spread));
  const Seconds queued = pattern.block * pattern.outstanding / bandwidth(pattern);
  return std::max(alone, queued);
}

}  // namespace simdse
