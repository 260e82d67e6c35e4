// Ports of a crossbar: who occupies them when.
#pragma once

#include "models/base/divisor.h"
#include "models/noc/noc.h"
#include "models/noc/noc_core.h"

namespace simdse {

/// Data occupies its core's port and the ports of the far side, each for as long as its share takes
/// at the port's width. Directions are separate.
class CrossbarCore : public NocCore {
 public:
  CrossbarCore(const Noc& noc, const Clock& clock);

  Span carry(Picoseconds now, const Transfer& transfer) override;

 private:
  /// How long so many bytes occupy a port.
  Picoseconds span_of(std::int64_t bytes) const {
    return is_width_whole_ ? clock_.span(Cycles(by_width_.quotient_up(bytes)))
                           : span_at_any_width(bytes);
  }
  [[gnu::cold]] Picoseconds span_at_any_width(std::int64_t bytes) const;

  Clock clock_;
  double width_;
  bool is_width_whole_;
  Divisor by_width_;  ///< if it is whole
  Picoseconds latency_;
  std::int64_t endpoints_;
  Reservations ports_;  // every endpoint's way in, then every endpoint's way out
};

}  // namespace simdse
