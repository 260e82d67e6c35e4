#include "models/buffer/banked_sram_core.h"

#include <algorithm>
#include <cmath>

namespace simdse {

BankedSramCore::BankedSramCore(const Buffer& buffer, const Clock& clock)
    : clock_(clock),
      interleave_(buffer.banks(), buffer.interleave().value()),
      ports_(buffer.ports()),
      free_at_(static_cast<std::size_t>(buffer.banks() * buffer.ports())),
      bank_width_(buffer.bank_width().value()),
      latency_(clock.span(buffer.latency())),
      queue_depth_(static_cast<std::size_t>(buffer.queue_depth())) {}

StorageSpan BankedSramCore::serve(Picoseconds now, const StorageRequest& request) {
  const Picoseconds earliest = now + latency_;
  StorageSpan span{kNever, earliest};
  interleave_.for_each(
      request.address, request.bytes, [&](std::int64_t bank, std::int64_t bytes, std::int64_t) {
        if (bytes != known_bytes_) {
          known_bytes_ = bytes;
          known_span_ = clock_.span(Cycles(
              static_cast<std::int64_t>(std::ceil(static_cast<double>(bytes) / bank_width_))));
        }
        // First come, first served, by whichever port is free first.
        const auto first_port = free_at_.begin() + bank * ports_;
        const auto port = std::min_element(first_port, first_port + ports_);
        const Picoseconds start = std::max(earliest, *port);
        *port = start + known_span_;
        if (observer_ != nullptr) observer_->busy(bank, start, *port, bytes);
        span.head = std::min(span.head, start);
        span.tail = std::max(span.tail, *port);
      });
  return span;
}

}  // namespace simdse
