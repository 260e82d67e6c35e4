#include "models/noc/mesh_topology.h"

#include <algorithm>

#include "models/base/units.h"

namespace simdse {

MeshTopology::MeshTopology(const Grid& grid, const RouterParams& router, std::int64_t cores,
                           std::int64_t buffer_ports, std::int64_t memory_ports)
    : grid_(grid), router_(router) {
  std::vector<bool> taken(static_cast<std::size_t>(grid_.nodes()));
  const auto take = [&](std::int64_t node) {
    while (taken[static_cast<std::size_t>(node)]) node = (node + 1) % grid_.nodes();
    taken[static_cast<std::size_t>(node)] = true;
    return node;
  };
  const std::int64_t at_west = ceil_div(memory_ports, 2);
  for (std::int64_t port = 0; port < memory_ports; ++port) {
    const bool is_west = port % 2 == 0;
    const std::int64_t on_side = is_west ? at_west : memory_ports - at_west;
    const std::int64_t row = (2 * (port / 2) + 1) * grid_.rows() / (2 * on_side);
    memory_ports_.push_back(take(row * grid_.columns() + (is_west ? 0 : grid_.columns() - 1)));
  }
  std::vector<std::int64_t> left;
  for (std::int64_t node = 0; node < grid_.nodes(); ++node) {
    if (!taken[static_cast<std::size_t>(node)]) left.push_back(node);
  }
  const auto count = static_cast<std::int64_t>(left.size());
  for (std::int64_t port = 0; port < buffer_ports; ++port) {
    buffer_ports_.push_back(take(at(left, (2 * port + 1) * count / (2 * buffer_ports))));
  }
  for (const std::int64_t node : left) {
    if (static_cast<std::int64_t>(cores_.size()) == cores) break;
    if (!taken[static_cast<std::size_t>(node)]) cores_.push_back(node);
  }
}

std::int64_t MeshTopology::transposed(std::int64_t from) const {
  if (grid_.rows() != grid_.columns()) return kNowhere;
  return grid_.column(from) * grid_.columns() + grid_.row(from);
}

std::string MeshTopology::link_name(std::int64_t link) const {
  const std::int64_t node = link / kLinksOfNode;
  const std::int64_t port = link % kLinksOfNode;
  std::string what;
  const auto name_if = [&](const std::vector<std::int64_t>& nodes, const char* name) {
    const auto found = std::find(nodes.begin(), nodes.end(), node);
    if (found != nodes.end()) what = name + std::to_string(found - nodes.begin());
  };
  name_if(cores_, "core");
  name_if(buffer_ports_, "buffer port");
  name_if(memory_ports_, "memory port");
  constexpr const char* kDirections[] = {"east", "west", "south", "north", "to", "from"};
  std::string name = "node " + std::to_string(grid_.row(node)) + "," +
                     std::to_string(grid_.column(node)) + " " + kDirections[port];
  if (port >= Grid::local && !what.empty()) name += " " + what;
  if (port >= Grid::local && what.empty()) name += " endpoint";
  return name;
}

void MeshTopology::route(std::int64_t from, std::int64_t to,
                         std::vector<std::int64_t>& links) const {
  links.assign({kLinksOfNode * from + Grid::kPorts});
  for (std::int64_t node = from;;) {
    const Grid::Port port = grid_.next(node, to);
    links.push_back(kLinksOfNode * node + port);
    if (port == Grid::local) return;
    node = grid_.neighbour(node, port);
  }
}

}  // namespace simdse
