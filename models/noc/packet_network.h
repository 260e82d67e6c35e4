// A network that carries packets, seen from the endpoints: what a load test drives.
#pragma once

#include <cstdint>
#include <vector>

namespace simdse {

/// Time passes in cycles of the network's clock. Endpoints are numbered as Noc numbers them.
class PacketNetwork {
 public:
  virtual ~PacketNetwork() = default;

  struct Packet {
    std::int64_t tag = 0;  ///< the caller's
    std::int64_t source = 0;
    std::int64_t destination = 0;
    std::int64_t flits = 1;
  };

  /// Queues a packet at its source, from this cycle on. Sources have room for all.
  virtual void offer(const Packet& packet) = 0;

  /// One cycle. Appends to `arrived` the packets whose last flit has reached its destination by
  /// the beginning of this cycle.
  virtual void step(std::vector<Packet>& arrived) = 0;

  /// Flits that endpoints have received so far.
  virtual std::int64_t flits_delivered() const = 0;
};

}  // namespace simdse
