// Rings and tori of chips.
#pragma once

#include "models/network/interconnect.h"

namespace simdse {

/// A grid of chips whose rows are closed to rings in every dimension; a ring is one of one
/// dimension. Chip x + X * (y + Y * z) is at (x, y, z). Every dimension of more than one chip takes
/// two of each chip's ports, also where both lead to the same neighbour.
///
/// Messages go dimension by dimension, the shorter way around each ring (Dally and Seitz,
/// "Deadlock- free message routing in multiprocessor interconnection networks", 1987). Whoever has
/// passed from the last place of a ring to the first waits in places of its own from then on:
/// without that, a ring full of messages that wait for the next place could never move. As no
/// message goes around more than half of a ring, none comes to the end of those places again.
class TorusInterconnect : public Interconnect {
 public:
  TorusInterconnect(const NetworkConfig& config, const Link& link, double links);

  void route(std::int32_t from, std::int32_t to, RingWay way,
             std::vector<Hop>& hops) const override;

 private:
  std::vector<std::int32_t> shape_;
  /// By chip, dimension and direction (forward first); -1 in dimensions of one.
  std::vector<std::int32_t> line_;
};

}  // namespace simdse
