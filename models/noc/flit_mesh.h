// The mesh, flit by flit.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "models/noc/mesh_router.h"
#include "models/noc/packet_network.h"

namespace simdse {

/// Routers, links and the interfaces of the endpoints, stepped cycle by cycle: what the models of
/// the mesh at transaction level are measured against. Endpoints are the grid's nodes. A link
/// carries one flit per cycle and brings credits back; an interface sends one flit per cycle into
/// its router and takes whatever arrives.
class FlitMesh : public PacketNetwork {
 public:
  FlitMesh(const Grid& grid, const RouterParams& params);
  FlitMesh(const FlitMesh&) = delete;
  FlitMesh& operator=(const FlitMesh&) = delete;

  void offer(const Packet& packet) override;
  void step(std::vector<Packet>& arrived) override;
  std::int64_t flits_delivered() const override { return flits_delivered_; }

  /// Flits that have left an interface and not arrived.
  std::int64_t flits_under_way() const { return flits_under_way_; }

 private:
  /// What arrives at a place at a cycle: a flit or a credit.
  struct Arrival {
    std::int64_t node;
    int port;
    int channel;
    Flit flit;
  };
  template <class T>
  class Delay {  // what is due in each of the next cycles
   public:
    explicit Delay(int most) : slots_(static_cast<std::size_t>(most) + 1) {}
    void add(std::int64_t cycle, const T& item) { slot(cycle).push_back(item); }
    std::vector<T>& slot(std::int64_t cycle) {
      return slots_[static_cast<std::size_t>(cycle) % slots_.size()];
    }

   private:
    std::vector<std::vector<T>> slots_;
  };
  /// An endpoint's side of its router's local port.
  struct Interface {
    std::deque<std::uint32_t> waiting;  ///< packets, the first may be on its way already
    std::int64_t flits_sent = 0;        ///< of the first
    int channel = 0;                    ///< of the first, or of the one before
    std::vector<int> credits;
  };

  void inject(std::int64_t node);

  Grid grid_;
  RouterParams params_;
  std::vector<MeshRouter> routers_;
  std::vector<Interface> interfaces_;
  Delay<Arrival> to_routers_;
  Delay<Arrival> to_endpoints_;
  Delay<Arrival> credits_;            // to routers
  Delay<Arrival> interface_credits_;  // to interfaces
  std::vector<Packet> packets_;       // slots
  std::vector<std::uint32_t> free_packets_;
  std::vector<MeshRouter::Sent> sent_;  // scratch
  std::int64_t cycle_ = 0;
  std::int64_t flits_delivered_ = 0;
  std::int64_t flits_under_way_ = 0;
};

}  // namespace simdse
