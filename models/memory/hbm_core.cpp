#include "models/memory/hbm_core.h"

#include <algorithm>
#include <cmath>

namespace simdse {

HbmCore::HbmCore(const Hbm& hbm)
    : timing_(hbm),
      channels_(Interleave(hbm.channels(), hbm.interleave().value()), HbmChannel(timing_)),
      queue_depth_(static_cast<std::size_t>(hbm.queue_depth())) {}

HbmRun HbmCore::run_of(bool is_write, std::int64_t first, std::int64_t bytes, double bursts) {
  if (bursts != known_bursts_) {
    known_bursts_ = bursts;
    known_bus_time_ = std::llround(bursts * timing_.bus_period);
    known_own_time_ = std::llround(bursts * timing_.own_period);
  }
  return {is_write, first, bytes, known_bus_time_, known_own_time_};
}

std::int64_t HbmCore::bursts_of(std::int64_t first, std::int64_t bytes) const {
  return ((first + bytes - 1) >> timing_.burst_shift) - (first >> timing_.burst_shift) + 1;
}

StorageSpan HbmCore::serve(Picoseconds now, const StorageRequest& request) {
  if (!channels_.moves_in_step(request)) {
    return channels_.serve_alone(
        request, [&](HbmChannel& channel, std::int64_t bytes, std::int64_t first) {
          return channel.serve(
              timing_, now,
              run_of(request.is_write, first, bytes, static_cast<double>(bursts_of(first, bytes))));
        });
  }
  const std::int64_t count = channels_.interleave().count();
  const double share =
      static_cast<double>(bursts_of(request.address, request.bytes)) / static_cast<double>(count);
  const HbmRun run =
      run_of(request.is_write, request.address / count, ceil_div(request.bytes, count), share);
  StorageSpan span = channels_.serve_in_step(
      request, [&](HbmChannel& channel) { return channel.serve(timing_, now, run); });
  const std::int64_t most = channels_.interleave().largest_share(request.address, request.bytes);
  const double largest =
      static_cast<double>(most) / static_cast<double>(std::int64_t{1} << timing_.burst_shift);
  span.tail += std::llround(std::max(0.0, largest - share) * timing_.own_period);
  return span;
}

}  // namespace simdse
