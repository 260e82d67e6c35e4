#include "models/noc/topology.h"

namespace simdse {

std::int64_t TwoSidedTopology::transposed(std::int64_t from) const {
  return is_core(from) ? cores_ + from % (buffer_ports_ + memory_ports_) : (from - cores_) % cores_;
}

std::string TwoSidedTopology::link_name(std::int64_t link) const {
  const std::int64_t endpoint = link % endpoints();
  // As a core sees it: what enters the network at a core goes out.
  const bool is_out = (link < endpoints()) == is_core(endpoint);
  const std::string direction = is_out ? " out" : " in";
  if (is_core(endpoint)) return "core" + std::to_string(endpoint) + direction;
  const std::int64_t port = endpoint - cores_;
  if (port < buffer_ports_) return "buffer port" + std::to_string(port) + direction;
  return "memory port" + std::to_string(port - buffer_ports_) + direction;
}

void TwoSidedTopology::route(std::int64_t from, std::int64_t to,
                             std::vector<std::int64_t>& links) const {
  links.assign({from, endpoints() + to});
}

}  // namespace simdse
