#include "models/memory/hbm_core.h"

#include <algorithm>
#include <cmath>

namespace simdse {

HbmCore::HbmCore(const Hbm& hbm)
    : timing_(hbm),
      interleave_(hbm.channels(), hbm.interleave().value()),
      least_in_step_(kTurnsInStep * hbm.channels() * hbm.interleave().value()),
      channels_(hbm.channels(), HbmChannel(timing_)),
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

StorageSpan HbmCore::serve_in_step(Picoseconds now, const StorageRequest& request) {
  const std::int64_t count = interleave_.count();
  const double share =
      static_cast<double>(bursts_of(request.address, request.bytes)) / static_cast<double>(count);
  const HbmRun run =
      run_of(request.is_write, request.address / count, ceil_div(request.bytes, count), share);
  StorageSpan span{kNever, now};
  channels_.all([&](HbmChannel& channel) { span.add(channel.serve(timing_, now, run)); });
  const std::int64_t most = interleave_.largest_share(request.address, request.bytes);
  const double largest =
      static_cast<double>(most) / static_cast<double>(std::int64_t{1} << timing_.burst_shift);
  span.tail += std::llround(std::max(0.0, largest - share) * timing_.own_period);
  if (observer_ != nullptr) {
    interleave_.for_each(request.address, request.bytes,
                         [&](std::int64_t channel, std::int64_t bytes, std::int64_t) {
                           observer_->busy(channel, span.head, span.tail, bytes);
                         });
  }
  return span;
}

StorageSpan HbmCore::serve_alone(Picoseconds now, const StorageRequest& request) {
  StorageSpan span{kNever, now};
  interleave_.for_each(request.address, request.bytes,
                       [&](std::int64_t channel, std::int64_t bytes, std::int64_t first) {
                         const HbmRun run = run_of(request.is_write, first, bytes,
                                                   static_cast<double>(bursts_of(first, bytes)));
                         const StorageSpan own = channels_.alone(channel).serve(timing_, now, run);
                         if (observer_ != nullptr)
                           observer_->busy(channel, own.head, own.tail, bytes);
                         span.add(own);
                       });
  return span;
}

StorageSpan HbmCore::serve(Picoseconds now, const StorageRequest& request) {
  return request.bytes >= least_in_step_ || interleave_.count() == 1 ? serve_in_step(now, request)
                                                                     : serve_alone(now, request);
}

}  // namespace simdse
