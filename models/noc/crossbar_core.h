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
  Picoseconds span_of(std::int64_t bytes);

  Clock clock_;
  double width_;
  Picoseconds latency_;
  std::int64_t endpoints_;
  // The time of the last number of bytes: the shares of a transfer are nearly all equal.
  std::int64_t known_bytes_ = -1;
  Picoseconds known_span_ = 0;
  Recent<Picoseconds> spans_;  ///< by bytes
  Reservations ports_;         // every endpoint's way in, then every endpoint's way out
};

}  // namespace simdse
