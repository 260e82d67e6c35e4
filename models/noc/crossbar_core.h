// Ports of a crossbar: who occupies them when.
#pragma once

#include "models/core/recent.h"
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
  /// Of one far port's share: those of a transfer are nearly all equal, and on the A100's many
  /// ports looking each up in `spans_` would take 3 % more instructions of a whole simulation.
  Picoseconds span_of_share(std::int64_t bytes) {
    if (bytes != known_bytes_) {
      known_bytes_ = bytes;
      known_span_ = span_of(bytes);
    }
    return known_span_;
  }
  Picoseconds span_of(std::int64_t bytes);

  Clock clock_;
  double width_;
  Picoseconds latency_;
  std::int64_t endpoints_;
  std::int64_t known_bytes_ = -1;  ///< the last share's
  Picoseconds known_span_ = 0;
  Recent<Picoseconds> spans_;  ///< by bytes
  Reservations ports_;         // every endpoint's way in, then every endpoint's way out
};

}  // namespace simdse
