#include "models/noc/flit_mesh.h"

namespace simdse {

FlitMesh::FlitMesh(const Grid& grid, const RouterParams& params)
    : grid_(grid),
      params_(params),
      interfaces_(static_cast<std::size_t>(grid.nodes())),
      to_routers_(params.traversal + params.link + 1),
      to_endpoints_(params.traversal + params.link + 1),
      credits_(params.traversal + 2 * params.link + 2),
      interface_credits_(params.link + 1) {
  routers_.reserve(static_cast<std::size_t>(grid.nodes()));
  for (std::int64_t node = 0; node < grid.nodes(); ++node) {
    routers_.emplace_back(grid_, node, params_);
  }
  for (Interface& interface : interfaces_) {
    interface.credits.assign(static_cast<std::size_t>(params.virtual_channels),
                             params.buffer_depth);
  }
}

void FlitMesh::offer(const Packet& packet) {
  std::uint32_t slot = 0;
  if (free_packets_.empty()) {
    slot = static_cast<std::uint32_t>(packets_.size());
    packets_.push_back(packet);
  } else {
    slot = free_packets_.back();
    free_packets_.pop_back();
    packets_[slot] = packet;
  }
  interfaces_[static_cast<std::size_t>(packet.source)].waiting.push_back(slot);
}

void FlitMesh::inject(std::int64_t node) {
  Interface& from = interfaces_[static_cast<std::size_t>(node)];
  if (from.waiting.empty()) return;
  const std::uint32_t slot = from.waiting.front();
  const Packet& packet = packets_[slot];
  if (from.flits_sent == 0) {
    // The next virtual channel with room. None is held by another packet: packets leave an
    // interface one after the other.
    const int channels = params_.virtual_channels;
    int next = from.channel;
    for (int i = 0; i < channels; ++i) {
      next = (next + 1) % channels;
      if (from.credits[static_cast<std::size_t>(next)] > 0) break;
    }
    if (from.credits[static_cast<std::size_t>(next)] == 0) return;
    from.channel = next;
  } else if (from.credits[static_cast<std::size_t>(from.channel)] == 0) {
    return;
  }
  --from.credits[static_cast<std::size_t>(from.channel)];
  const bool is_tail = from.flits_sent + 1 == packet.flits;
  to_routers_.add(cycle_ + params_.entry(), {node,
                                             Grid::local,
                                             from.channel,
                                             {slot, static_cast<std::uint32_t>(packet.destination),
                                              from.flits_sent == 0, is_tail}});
  ++flits_under_way_;
  ++from.flits_sent;
  if (is_tail) {
    from.waiting.pop_front();
    from.flits_sent = 0;
  }
}

void FlitMesh::step(std::vector<Packet>& arrived) {
  const auto each = [this](Delay<Arrival>& delay, auto&& handle) {
    std::vector<Arrival>& due = delay.slot(cycle_);
    for (const Arrival& arrival : due) handle(arrival);
    due.clear();
  };
  each(credits_, [this](const Arrival& credit) {
    routers_[static_cast<std::size_t>(credit.node)].credit(credit.port, credit.channel);
  });
  each(interface_credits_, [this](const Arrival& credit) {
    ++interfaces_[static_cast<std::size_t>(credit.node)]
          .credits[static_cast<std::size_t>(credit.channel)];
  });
  each(to_routers_, [this](const Arrival& arrival) {
    routers_[static_cast<std::size_t>(arrival.node)].receive(arrival.port, arrival.channel,
                                                             arrival.flit, cycle_);
  });
  each(to_endpoints_, [&](const Arrival& arrival) {
    ++flits_delivered_;
    --flits_under_way_;
    // The interface has taken the flit: its place is free again.
    credits_.add(cycle_ + params_.link + 1, {arrival.node, Grid::local, arrival.channel, {}});
    if (arrival.flit.is_tail) {
      arrived.push_back(packets_[arrival.flit.packet]);
      free_packets_.push_back(arrival.flit.packet);
    }
  });
  for (std::int64_t node = 0; node < grid_.nodes(); ++node) {
    inject(node);
    sent_.clear();
    routers_[static_cast<std::size_t>(node)].step(cycle_, sent_);
    for (const MeshRouter::Sent& out : sent_) {
      // The place that the flit leaves is free; the credit goes back over the link.
      const auto in = static_cast<Grid::Port>(out.input_port);
      const std::int64_t credit_at = cycle_ + params_.link + 1;
      if (in == Grid::local) {
        interface_credits_.add(credit_at, {node, 0, out.input_channel, {}});
      } else {
        credits_.add(credit_at,
                     {grid_.neighbour(node, in), Grid::opposite(in), out.input_channel, {}});
      }
      const auto to = static_cast<Grid::Port>(out.output_port);
      const std::int64_t at = cycle_ + params_.traversal + params_.link + 1;
      if (to == Grid::local) {
        to_endpoints_.add(at, {node, Grid::local, out.output_channel, out.flit});
      } else {
        to_routers_.add(
            at, {grid_.neighbour(node, to), Grid::opposite(to), out.output_channel, out.flit});
      }
    }
  }
  ++cycle_;
}

}  // namespace simdse
