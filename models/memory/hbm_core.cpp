#include "models/memory/hbm_core.h"

#include <algorithm>
#include <cmath>

namespace simdse {

HbmCore::HbmCore(const Hbm& hbm)
    : timing_(hbm),
      interleave_(hbm.channels(), hbm.interleave().value()),
      stripe_(hbm.channels() * hbm.interleave().value()),
      in_step_(timing_),
      channels_(static_cast<std::size_t>(hbm.channels()), in_step_),
      is_out_of_step_(channels_.size(), false),
      queue_depth_(static_cast<std::size_t>(hbm.queue_depth())) {}

HbmRun HbmCore::run_of(bool is_write, std::int64_t first, std::int64_t bytes, double bursts) const {
  return {is_write, first, bytes, std::llround(bursts * timing_.bus_period),
          std::llround(bursts * timing_.own_period)};
}

StorageSpan HbmCore::serve_in_step(Picoseconds now, const StorageRequest& request) {
  const std::int64_t count = interleave_.count();
  const std::int64_t first_burst = request.address >> timing_.burst_shift;
  const std::int64_t last_burst = (request.address + request.bytes - 1) >> timing_.burst_shift;
  const double bursts = static_cast<double>(last_burst - first_burst + 1);
  const double share = bursts / static_cast<double>(count);
  const HbmRun run =
      run_of(request.is_write, request.address / count, ceil_div(request.bytes, count), share);
  StorageSpan span = in_step_.serve(timing_, now, run);
  Picoseconds behind = 0;
  Picoseconds last = span.tail;
  for (const std::size_t index : out_of_step_) {
    const StorageSpan own = channels_[index].serve(timing_, now, run);
    last = std::max(last, own.tail);
    behind += channels_[index].free_at() - in_step_.free_at();
    is_out_of_step_[index] = false;
  }
  out_of_step_.clear();
  in_step_.delay(behind / count);

  const double access = static_cast<double>(std::int64_t{1} << timing_.burst_shift);
  const double largest =
      static_cast<double>(interleave_.largest_share(request.address, request.bytes)) / access;
  span.tail = last + std::llround(std::max(0.0, largest - share) * timing_.own_period);
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
                         const auto index = static_cast<std::size_t>(channel);
                         if (!is_out_of_step_[index]) {
                           channels_[index] = in_step_;
                           is_out_of_step_[index] = true;
                           out_of_step_.push_back(index);
                         }
                         const std::int64_t bursts = ((first + bytes - 1) >> timing_.burst_shift) -
                                                     (first >> timing_.burst_shift) + 1;
                         const HbmRun run =
                             run_of(request.is_write, first, bytes, static_cast<double>(bursts));
                         const StorageSpan own = channels_[index].serve(timing_, now, run);
                         if (observer_ != nullptr)
                           observer_->busy(channel, own.head, own.tail, bytes);
                         span.head = std::min(span.head, own.head);
                         span.tail = std::max(span.tail, own.tail);
                       });
  return span;
}

StorageSpan HbmCore::serve(Picoseconds now, const StorageRequest& request) {
  return request.bytes >= stripe_ || interleave_.count() == 1 ? serve_in_step(now, request)
                                                              : serve_alone(now, request);
}

}  // namespace simdse
