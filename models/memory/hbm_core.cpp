#include "models/memory/hbm_core.h"

#include <algorithm>
#include <cmath>

namespace simdse {

HbmCore::HbmCore(const Hbm& hbm)
    : timing_(hbm),
      channels_(Interleave(hbm.channels(), hbm.interleave().value()), HbmChannel(timing_)),
      by_count_(hbm.channels()),
      queue_depth_(static_cast<std::size_t>(hbm.queue_depth())) {
  constexpr int longest = 256;
  for (int bursts = 0; bursts <= longest; ++bursts) short_runs_.push_back(times_of(bursts));
}

HbmCore::RunTimes HbmCore::times_of(double bursts) const {
  return {std::llround(bursts * timing_.bus_period), std::llround(bursts * timing_.own_period)};
}

std::int64_t HbmCore::bursts_of(std::int64_t first, std::int64_t bytes) const {
  return ((first + bytes - 1) >> timing_.burst_shift) - (first >> timing_.burst_shift) + 1;
}

StorageSpan HbmCore::serve(Picoseconds now, const StorageRequest& request) {
  if (!channels_.moves_in_step(request)) {
    return channels_.serve_alone(request, [&](HbmChannel& channel, std::int64_t bytes,
                                              std::int64_t first) {
      const std::int64_t bursts = bursts_of(first, bytes);
      const auto index = static_cast<std::size_t>(bursts);
      const RunTimes times =
          index < short_runs_.size() ? short_runs_[index] : times_of(static_cast<double>(bursts));
      return channel.serve(timing_, now, {request.is_write, first, bytes, times.on_bus, times.own});
    });
  }
  const std::int64_t count = channels_.interleave().count();
  const std::int64_t bursts = bursts_of(request.address, request.bytes);
  const std::int64_t most = channels_.interleave().largest_share(request.address, request.bytes);
  const InStepTimes& times = in_step_.of(bursts, most, [&]() -> InStepTimes {
    const double share = static_cast<double>(bursts) / static_cast<double>(count);
    const double largest =
        static_cast<double>(most) / static_cast<double>(std::int64_t{1} << timing_.burst_shift);
    return {times_of(share),
            largest > share ? std::llround((largest - share) * timing_.own_period) : 0};
  });
  const HbmRun run{request.is_write, by_count_.quotient(request.address),
                   by_count_.quotient(request.bytes + count - 1), times.mean.on_bus,
                   times.mean.own};
  StorageSpan span = channels_.serve_in_step(
      request, [&](HbmChannel& channel) { return channel.serve(timing_, now, run); });
  span.tail += times.more;
  return span;
}

}  // namespace simdse
