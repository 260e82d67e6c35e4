// Where cores and ports sit on a mesh, and the ways between them.
#pragma once

#include "models/noc/mesh_router.h"
#include "models/noc/topology.h"

namespace simdse {

/// Endpoints are the grid's nodes, one thing at each. Ports of the memory sit at the west and east
/// edges in turn (HBM PHYs lie along the die's edges), spread evenly over the rows of each; where
/// the place is taken, at the next free node. Of the nodes that are left, row by row, the ports of
/// the buffer take evenly spaced ones, and the cores the rest in the order of their numbers. Nodes
/// beyond that are routers with nothing attached.
class MeshTopology : public Topology {
 public:
  /// The grid must have a node for each.
  MeshTopology(const Grid& grid, const RouterParams& router, std::int64_t cores,
               std::int64_t buffer_ports, std::int64_t memory_ports);

  const Grid& grid() const { return grid_; }
  const RouterParams& router() const { return router_; }

  std::int64_t endpoints() const override { return grid_.nodes(); }
  std::int64_t core(std::int64_t index) const override { return at(cores_, index); }
  std::int64_t buffer_port(std::int64_t index) const override { return at(buffer_ports_, index); }
  std::int64_t memory_port(std::int64_t index) const override { return at(memory_ports_, index); }
  bool connects(std::int64_t, std::int64_t) const override { return true; }
  std::int64_t transposed(std::int64_t from) const override;
  /// Of every node: its five outputs, and the way in from what is attached.
  std::int64_t links() const override { return kLinksOfNode * grid_.nodes(); }
  std::string link_name(std::int64_t link) const override;
  void route(std::int64_t from, std::int64_t to, std::vector<std::int64_t>& links) const override;
  std::int64_t latency(std::int64_t from, std::int64_t to) const override {
    return router_.entry() + router_.hop() * grid_.hops(from, to) - 1;
  }

 private:
  static constexpr std::int64_t kLinksOfNode = Grid::kPorts + 1;

  static std::int64_t at(const std::vector<std::int64_t>& nodes, std::int64_t index) {
    return nodes[static_cast<std::size_t>(index)];
  }

  Grid grid_;
  RouterParams router_;
  std::vector<std::int64_t> cores_;
  std::vector<std::int64_t> buffer_ports_;
  std::vector<std::int64_t> memory_ports_;
};

}  // namespace simdse
