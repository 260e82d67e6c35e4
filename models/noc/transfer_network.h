// Packets through a network that is modelled by transfers.
#pragma once

#include <queue>
#include <vector>

#include "models/noc/noc.h"
#include "models/noc/noc_core.h"
#include "models/noc/packet_network.h"

namespace simdse {

/// Every packet is one transfer of a NocCore, offered in turns that rotate over the endpoints.
class TransferNetwork : public PacketNetwork {
 public:
  /// `core` is the core of `noc`; all must outlive this.
  TransferNetwork(const Noc& noc, NocCore& core, const Clock& clock)
      : noc_(noc), core_(core), clock_(clock) {}

  void offer(const Packet& packet) override { offered_.push_back(packet); }
  void step(std::vector<Packet>& arrived) override;
  std::int64_t flits_delivered() const override { return flits_delivered_; }

 private:
  struct UnderWay {
    Picoseconds tail;
    std::int64_t turn;
    Packet packet;
    bool operator<(const UnderWay& other) const {  // the first to arrive is the greatest
      return tail != other.tail ? tail > other.tail : turn > other.turn;
    }
  };

  const Noc& noc_;
  NocCore& core_;
  Clock clock_;
  std::vector<Packet> offered_;
  std::vector<NocCore::Transfer::Piece> piece_;  // scratch
  std::priority_queue<UnderWay> under_way_;
  std::int64_t cycle_ = 0;
  std::int64_t turns_ = 0;
  std::int64_t flits_delivered_ = 0;
};

}  // namespace simdse
