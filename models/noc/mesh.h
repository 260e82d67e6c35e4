// A 2D mesh.
#pragma once

#include "models/noc/mesh_topology.h"
#include "models/noc/noc.h"

namespace simdse {

/// Virtual-channel routers in a grid, dimension-ordered routes, packets of several flits.
/// Placement: MeshTopology. Flit by flit: FlitMesh. A chip's simulation uses MeshCore, which leaves
/// out queues and allocation and so saturates later (docs/network.md, "Transfers against flits").
class Mesh : public Noc {
 public:
  struct Params {
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    std::int64_t buffer_ports = 4;
    std::int64_t memory_ports = 2;
    BytesPerCycle flit_width = BytesPerCycle(128);
    std::int64_t packet_flits = 8;
    Bytes header = Bytes(8);
    std::int64_t virtual_channels = 4;
    std::int64_t buffer_depth = 8;
    Cycles route_cycles = Cycles(1);
    Cycles vc_allocation_cycles = Cycles(1);
    Cycles switch_allocation_cycles = Cycles(1);
    Cycles traversal_cycles = Cycles(1);
    Cycles link_cycles = Cycles(1);
    double link_millimetres = 2;
    static void declare(ParamTable<Params>& table);
  };

  /// Throws InputError when the grid has fewer nodes than there are cores and ports.
  Mesh(const Params& params, const BlockContext& context);

  /// Of data: what a flit carries, headers taken off.
  BytesPerCycle port_width() const override;
  /// Longer packets than the mesh's own are cut into those.
  std::int64_t data_of(std::int64_t flits) const override {
    return flits * static_cast<std::int64_t>(p_.flit_width.value()) -
           ceil_div(flits, p_.packet_flits) * p_.header.value();
  }
  std::int64_t buffer_ports() const override { return p_.buffer_ports; }
  std::int64_t memory_ports() const override { return p_.memory_ports; }
  Cycles latency() const override { return Cycles(mean_latency_); }
  const MeshTopology& topology() const override { return topology_; }
  BytesPerCycle buffer_bandwidth() const override { return buffer_bandwidth_; }
  BytesPerCycle memory_bandwidth() const override { return memory_bandwidth_; }
  BlockCost cost(const Technology& technology) const override;

  /// Flits that carry `bytes` of data: whole packets, and a last one that may be shorter.
  std::int64_t flits_of(std::int64_t bytes) const;

 private:
  /// Bytes of data that all cores together exchange with `ports` endpoints per cycle, each core
  /// with each port alike, when the most loaded link is always busy; of both directions, the
  /// lesser.
  BytesPerCycle bandwidth_between_cores_and(const std::vector<std::int64_t>& ports) const;

  Params p_;
  BlockContext context_;
  MeshTopology topology_;
  std::int64_t mean_latency_ = 0;
  double mean_hops_ = 0;
  BytesPerCycle buffer_bandwidth_;
  BytesPerCycle memory_bandwidth_;
};

}  // namespace simdse
