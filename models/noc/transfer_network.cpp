#include "models/noc/transfer_network.h"

#include <algorithm>

namespace simdse {

void TransferNetwork::step(std::vector<Packet>& arrived) {
  const Picoseconds now = clock_.edge(Cycles(cycle_));
  while (!under_way_.empty() && under_way_.top().tail <= now) {
    arrived.push_back(under_way_.top().packet);
    flits_delivered_ += arrived.back().flits;
    under_way_.pop();
  }
  if (!offered_.empty()) {
    const auto first = static_cast<std::size_t>(cycle_) % offered_.size();
    std::rotate(offered_.begin(), offered_.begin() + static_cast<std::ptrdiff_t>(first),
                offered_.end());
  }
  for (const Packet& packet : offered_) {
    piece_.assign({{packet.destination, noc_.data_of(packet.flits)}});
    const NocCore::Span span = core_.carry(now, {packet.source, false, now, piece_});
    under_way_.push({span.tail, turns_++, packet});
  }
  offered_.clear();
  ++cycle_;
}

}  // namespace simdse
