#include "models/noc/crossbar.h"

#include "models/technology/technology.h"

namespace simdse {

void Crossbar::Params::declare(ParamTable<Params>& table) {
  table.add("port_width", &Params::port_width, "bytes per cycle and direction of one port")
      .range(1, 65536)
      .search({128.0, 256.0, 512.0, 1024.0});
  table.add("buffer_ports", &Params::buffer_ports, "ports of the global buffer").range(1, 256);
  table.add("memory_ports", &Params::memory_ports, "ports of the memory").range(1, 256);
  table.add("latency", &Params::latency, "cycles of a request, or of the head of its data")
      .range(0, 1000);
}

BlockCost Crossbar::cost(const Technology& technology) const {
  const auto inner = static_cast<double>(context_.initiators);
  const auto outer = static_cast<double>(p_.buffer_ports + p_.memory_ports);
  BlockCost cost;
  // One crossbar each way.
  const Area area =
      technology.crossbar_area_per_port_pair_byte * (2 * inner * outer * p_.port_width.value());
  cost.area = {{"crossbar", area}};
  cost.static_power = Watts(technology.logic_leakage * area.value());
  // Both directions carry data at the same time.
  const double ports = 2 * std::min(inner, outer);
  cost.actions = {{"byte", technology.crossbar_energy_per_byte,
                   ports * (p_.port_width * context_.clock.frequency()).value()}};
  return cost;
}

namespace {
const RegisterBlock<Crossbar> registration("noc", "crossbar", "full crossbar with port contention");
}

}  // namespace simdse
