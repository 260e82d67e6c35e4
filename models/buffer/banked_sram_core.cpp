#include "models/buffer/banked_sram_core.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace simdse {

BankedSramCore::BankedSramCore(const Buffer& buffer, const Clock& clock)
    : clock_(clock),
      banks_(Interleave(buffer.banks(), buffer.interleave().value()),
             Bank(static_cast<std::size_t>(buffer.ports()))),
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

StorageSpan BankedSramCore::serve(Picoseconds now, const StorageRequest& request) {
  const Picoseconds earliest = now + latency_;
  const auto cycles_of = [this](std::int64_t bytes) {
    return std::ceil(static_cast<double>(bytes) / bank_width_);
  };
  if (!banks_.moves_in_step(request)) {
    return banks_.serve_alone(request, [&](Bank& bank, std::int64_t bytes, std::int64_t) {
      return bank.serve(earliest, alone_.of(bytes, 0, [&] {
        return clock_.span(Cycles(static_cast<std::int64_t>(cycles_of(bytes))));
      }));
    });
  }
  const std::int64_t most = banks_.interleave().largest_share(request.address, request.bytes);
  const InStepTime& time = in_step_.of(request.bytes, most, [&]() -> InStepTime {
    const double share =
        cycles_of(request.bytes) / static_cast<double>(banks_.interleave().count());
    const double largest = cycles_of(most);
    return {std::llround(share * cycle_),
            largest > share ? std::llround((largest - share) * cycle_) : 0};
  });
  StorageSpan span =
      banks_.serve_in_step(request, [&](Bank& bank) { return bank.serve(earliest, time.mean); });
  span.tail += time.more;
  return span;
}

}  // namespace simdse
