#include "models/noc/crossbar_core.h"

#include <cmath>

namespace simdse {

namespace {
constexpr double kWidest = 1 << 30;  ///< of whole widths; an ideal network's is infinite
}

CrossbarCore::CrossbarCore(const Noc& noc, const Clock& clock)
    : clock_(clock),
      width_(noc.port_width().value()),
      is_width_whole_(width_ >= 1 && width_ <= kWidest && std::floor(width_) == width_),
      by_width_(is_width_whole_ ? static_cast<std::int64_t>(width_) : 1),
      latency_(clock.span(noc.latency())),
      endpoints_(noc.topology().endpoints()),
      ports_(noc.topology().links()) {}

Picoseconds CrossbarCore::span_at_any_width(std::int64_t bytes) const {
  const double cycles = static_cast<double>(bytes) / width_;
  const auto whole = static_cast<std::int64_t>(cycles);
  return clock_.span(Cycles(static_cast<double>(whole) < cycles ? whole + 1 : whole));
}

NocCore::Span CrossbarCore::carry(Picoseconds now, const Transfer& transfer) {
  const std::int64_t near_base = transfer.to_near ? endpoints_ : 0;
  const std::int64_t far_base = endpoints_ - near_base;
  std::int64_t total = 0;
  for (const Transfer::Piece& piece : transfer.pieces) total += piece.bytes;
  const auto occupy = [&](std::int64_t port, std::int64_t bytes, Picoseconds duration) {
    const Reservations::Span span = ports_.reserve(port, now, duration);
    busy(port, span.start, span.finish, bytes);
    return span;
  };
  const Reservations::Span near = occupy(near_base + transfer.near, total, span_of(total));
  Picoseconds head = kNever;
  Picoseconds tail = std::max(near.finish, transfer.tail);
  for (const Transfer::Piece& piece : transfer.pieces) {
    const Reservations::Span far = occupy(far_base + piece.far, piece.bytes, span_of(piece.bytes));
    head = std::min(head, far.start);
    tail = std::max(tail, far.finish);
  }
  return {std::max(head, near.start) + latency_, tail + latency_};
}

}  // namespace simdse
