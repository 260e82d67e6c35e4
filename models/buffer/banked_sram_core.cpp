#include "models/buffer/banked_sram_core.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace simdse {

BankedSramCore::BankedSramCore(const Buffer& buffer, const Clock& clock)
    : clock_(clock),
      interleave_(buffer.banks(), buffer.interleave().value()),
      least_in_step_(kTurnsInStep * buffer.banks() * buffer.interleave().value()),
      banks_(buffer.banks(), Bank(static_cast<std::size_t>(buffer.ports()))),
      bank_width_(buffer.bank_width().value()),
      cycle_(1e12 / clock.frequency().value()),
      latency_(clock.span(buffer.latency())),
      queue_depth_(static_cast<std::size_t>(buffer.queue_depth())) {}

StorageSpan BankedSramCore::Bank::serve(Picoseconds earliest, Picoseconds duration) {
  Picoseconds& port = *std::min_element(free_at_.begin(), free_at_.end());
  const Picoseconds start = std::max(earliest, port);
  port = start + duration;
  return {start, port};
}

Picoseconds BankedSramCore::Bank::free_at() const {
  return std::accumulate(free_at_.begin(), free_at_.end(), Picoseconds(0)) /
         static_cast<Picoseconds>(free_at_.size());
}

void BankedSramCore::Bank::delay(Picoseconds by) {
  for (Picoseconds& port : free_at_) port += by;
}

StorageSpan BankedSramCore::serve_in_step(Picoseconds earliest, const StorageRequest& request) {
  const double share =
      static_cast<double>(request.bytes) / static_cast<double>(interleave_.count());
  const Picoseconds duration = std::llround(share / bank_width_ * cycle_);
  StorageSpan span{kNever, earliest};
  banks_.all([&](Bank& bank) { span.add(bank.serve(earliest, duration)); });
  const auto most = static_cast<double>(interleave_.largest_share(request.address, request.bytes));
  span.tail += std::llround((std::ceil(most / bank_width_) - share / bank_width_) * cycle_);
  if (observer_ != nullptr) {
    interleave_.for_each(request.address, request.bytes,
                         [&](std::int64_t bank, std::int64_t bytes, std::int64_t) {
                           observer_->busy(bank, span.head, span.tail, bytes);
                         });
  }
  return span;
}

StorageSpan BankedSramCore::serve_alone(Picoseconds earliest, const StorageRequest& request) {
  StorageSpan span{kNever, earliest};
  interleave_.for_each(
      request.address, request.bytes, [&](std::int64_t bank, std::int64_t bytes, std::int64_t) {
        const auto cycles =
            static_cast<std::int64_t>(std::ceil(static_cast<double>(bytes) / bank_width_));
        const StorageSpan own = banks_.alone(bank).serve(earliest, clock_.span(Cycles(cycles)));
        if (observer_ != nullptr) observer_->busy(bank, own.head, own.tail, bytes);
        span.add(own);
      });
  return span;
}

StorageSpan BankedSramCore::serve(Picoseconds now, const StorageRequest& request) {
  const Picoseconds earliest = now + latency_;
  return request.bytes >= least_in_step_ ? serve_in_step(earliest, request)
                                         : serve_alone(earliest, request);
}

}  // namespace simdse
