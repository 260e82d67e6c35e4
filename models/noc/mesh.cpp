#include "models/noc/mesh.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "models/technology/technology.h"

namespace simdse {

void Mesh::Params::declare(ParamTable<Params>& table) {
  table.add("rows", &Params::rows, "rows of routers; 0: as few as hold all cores and ports")
      .range(0, 64);
  table.add("columns", &Params::columns, "columns of routers; 0: as many as rows, or as needed")
      .range(0, 64);
  table.add("buffer_ports", &Params::buffer_ports, "ports of the global buffer").range(1, 64);
  table.add("memory_ports", &Params::memory_ports, "ports of the memory").range(1, 64);
  table.add("flit_width", &Params::flit_width, "bytes per cycle and direction of one link")
      .range(16, 4096)
      .search({64.0, 128.0, 256.0, 512.0});
  table.add("packet_flits", &Params::packet_flits, "flits of a full packet").range(1, 256);
  table.add("header", &Params::header, "bytes of every packet that its header takes").range(0, 16);
  table.add("virtual_channels", &Params::virtual_channels, "virtual channels of an input")
      .range(1, 8);
  table.add("buffer_depth", &Params::buffer_depth, "flits that a virtual channel holds")
      .range(1, 64);
  table.add("route_cycles", &Params::route_cycles, "route computation of a head flit").range(0, 8);
  table
      .add("vc_allocation_cycles", &Params::vc_allocation_cycles,
           "allocation of a virtual channel to a head flit")
      .range(1, 8);
  table
      .add("switch_allocation_cycles", &Params::switch_allocation_cycles,
           "allocation of the switch to a flit")
      .range(1, 8);
  table.add("traversal_cycles", &Params::traversal_cycles, "way through the switch").range(1, 8);
  table.add("link_cycles", &Params::link_cycles, "way to the next router").range(1, 16);
  table.add("link_millimetres", &Params::link_millimetres, "length of a link's wires in mm")
      .range(0.1, 20);
}

namespace {

Grid grid_of(const Mesh::Params& p, std::int64_t things) {
  std::int64_t rows = p.rows;
  std::int64_t columns = p.columns;
  if (columns == 0) {
    columns = rows > 0
                  ? ceil_div(things, rows)
                  : static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(things))));
  }
  if (rows == 0) rows = ceil_div(things, columns);
  if (rows * columns < things) {
    throw InputError(fmt::format(
        "noc: a mesh of {} x {} has {} nodes, but there are {} cores, {} buffer ports and {} "
        "memory ports to place",
        rows, columns, rows * columns, things - p.buffer_ports - p.memory_ports, p.buffer_ports,
        p.memory_ports));
  }
  return Grid(rows, columns);
}

RouterParams router_of(const Mesh::Params& p) {
  RouterParams router;
  router.virtual_channels = static_cast<int>(p.virtual_channels);
  router.buffer_depth = static_cast<int>(p.buffer_depth);
  router.route = static_cast<int>(p.route_cycles.value());
  router.vc_allocation = static_cast<int>(p.vc_allocation_cycles.value());
  router.switch_allocation = static_cast<int>(p.switch_allocation_cycles.value());
  router.traversal = static_cast<int>(p.traversal_cycles.value());
  router.link = static_cast<int>(p.link_cycles.value());
  return router;
}

}  // namespace

Mesh::Mesh(const Params& params, const BlockContext& context)
    : p_(params),
      context_(context),
      topology_(grid_of(p_, context.initiators + p_.buffer_ports + p_.memory_ports), router_of(p_),
                context.initiators, p_.buffer_ports, p_.memory_ports) {
  std::vector<std::int64_t> buffer;
  std::vector<std::int64_t> memory;
  for (std::int64_t i = 0; i < p_.buffer_ports; ++i) buffer.push_back(topology_.buffer_port(i));
  for (std::int64_t i = 0; i < p_.memory_ports; ++i) memory.push_back(topology_.memory_port(i));
  buffer_bandwidth_ = bandwidth_between_cores_and(buffer);
  memory_bandwidth_ = bandwidth_between_cores_and(memory);
  // Buffer and memory count alike, as they do when as much goes to one as to the other.
  double latency = 0;
  for (const std::vector<std::int64_t>& ports : {buffer, memory}) {
    const double weight =
        0.5 / static_cast<double>(static_cast<std::int64_t>(ports.size()) * context.initiators);
    for (std::int64_t core = 0; core < context.initiators; ++core) {
      for (const std::int64_t port : ports) {
        const std::int64_t node = topology_.core(core);
        mean_hops_ += weight * static_cast<double>(topology_.grid().hops(node, port));
        latency += weight * static_cast<double>(topology_.latency(node, port));
      }
    }
  }
  mean_latency_ = std::llround(latency);
}

BytesPerCycle Mesh::port_width() const {
  const double packet = p_.flit_width.value() * static_cast<double>(p_.packet_flits);
  return p_.flit_width * ((packet - to_double(p_.header)) / packet);
}

std::int64_t Mesh::flits_of(std::int64_t bytes) const {
  const auto width = static_cast<std::int64_t>(p_.flit_width.value());
  const std::int64_t full = width * p_.packet_flits - p_.header.value();
  const std::int64_t rest = bytes % full;
  return bytes / full * p_.packet_flits +
         (rest == 0 ? 0 : ceil_div(rest + p_.header.value(), width));
}

BytesPerCycle Mesh::bandwidth_between_cores_and(const std::vector<std::int64_t>& ports) const {
  const std::int64_t cores = context_.initiators;
  const double share = 1 / static_cast<double>(cores * static_cast<std::int64_t>(ports.size()));
  double most = 0;
  std::vector<std::int64_t> route;
  for (const bool to_core : {false, true}) {
    std::vector<double> loads(static_cast<std::size_t>(topology_.links()));
    for (std::int64_t core = 0; core < cores; ++core) {
      for (const std::int64_t port : ports) {
        const std::int64_t node = topology_.core(core);
        topology_.route(to_core ? port : node, to_core ? node : port, route);
        for (const std::int64_t link : route) loads[static_cast<std::size_t>(link)] += share;
      }
    }
    most = std::max(most, *std::max_element(loads.begin(), loads.end()));
  }
  return port_width() * (1 / most);
}

BlockCost Mesh::cost(const Technology& technology) const {
  const Grid& grid = topology_.grid();
  const auto routers = static_cast<double>(grid.nodes());
  const double width = p_.flit_width.value();
  // Two directions between neighbours; what is attached to a router is beside it.
  const auto links = static_cast<double>(
      2 * (grid.rows() * (grid.columns() - 1) + grid.columns() * (grid.rows() - 1)));
  constexpr double ports = Grid::kPorts;
  const double buffered =
      ports * width * static_cast<double>(p_.virtual_channels * p_.buffer_depth);
  BlockCost cost;
  cost.area = {
      {"router buffers", technology.router_buffer_area_per_byte * (routers * buffered)},
      {"router switches",
       technology.crossbar_area_per_port_pair_byte * (routers * ports * ports * width)},
      {"link wires", technology.wire_area_per_byte_mm * (links * width * p_.link_millimetres)}};
  cost.static_power = Watts(technology.logic_leakage * cost.total_area().value());
  // Every flit passes the routers of its way and the links between them.
  const Joules router = technology.router_energy_per_byte;
  const Joules wires = technology.wire_energy_per_byte_mm * p_.link_millimetres;
  const Joules way = router * mean_hops_ + wires * (mean_hops_ - 1);
  const double header_share = width / port_width().value();
  // Data both ways at the same time, as much as cores, ports and links let through.
  const double bandwidth = std::min(port_width().value() * static_cast<double>(context_.initiators),
                                    buffer_bandwidth_.value() + memory_bandwidth_.value());
  cost.actions = {{"byte", way * header_share,
                   2 * (BytesPerCycle(bandwidth) * context_.clock.frequency()).value()}};
  return cost;
}

namespace {
const RegisterBlock<Mesh> registration(
    "noc", "mesh",
    "2D mesh of virtual-channel routers, dimension-ordered routes, packets of flits");
}

}  // namespace simdse
