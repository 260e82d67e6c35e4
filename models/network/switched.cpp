#include "models/network/switched.h"

namespace simdse {

// Lines come in pairs, towards the switch and back, in the order of what is joined to it.

SwitchedInterconnect::SwitchedInterconnect(const NetworkConfig& config, const Link& link,
                                           double links)
    : Interconnect(config, static_cast<std::int32_t>(config.chips())) {
  const std::int32_t center = add_switch(config.params.forward_latency);
  for (std::int32_t chip = 0; chip < chips(); ++chip) {
    add_line(chip, center, link, links);
    add_line(center, chip, link, links);
  }
  slow_down();
}

void SwitchedInterconnect::route(std::int32_t from, std::int32_t to, RingWay,
                                 std::vector<Hop>& hops) const {
  hops.assign({{2 * from, 0}, {2 * to + 1, 0}});
}

TwoLevelInterconnect::TwoLevelInterconnect(const NetworkConfig& config, const Link& link,
                                           double links, const Link& upper)
    : Interconnect(config, static_cast<std::int32_t>(config.chips())),
      per_node_(static_cast<std::int32_t>(config.node)),
      chips_have_ports_(config.upper->params.attach == UpperLevel::Attach::chip) {
  const std::int32_t count = chips() / per_node_;
  for (std::int32_t node = 0; node < count; ++node) add_switch(config.params.forward_latency);
  const std::int32_t spine = add_switch(config.upper->params.forward_latency);
  for (std::int32_t chip = 0; chip < chips(); ++chip) {
    add_line(chip, chips() + chip / per_node_, link, links);
    add_line(chips() + chip / per_node_, chip, link, links);
  }
  upper_lines_ = static_cast<std::int32_t>(lines().size());
  const auto uplinks = static_cast<double>(config.upper->links.count);
  const std::int32_t first = chips_have_ports_ ? 0 : chips();
  const std::int32_t ports = chips_have_ports_ ? chips() : count;
  for (std::int32_t port = 0; port < ports; ++port) {
    add_line(first + port, spine, upper, uplinks);
    add_line(spine, first + port, upper, uplinks);
  }
  set_levels({per_node_, count});
  slow_down();
}

void TwoLevelInterconnect::route(std::int32_t from, std::int32_t to, RingWay,
                                 std::vector<Hop>& hops) const {
  const std::int32_t from_node = from / per_node_;
  const std::int32_t to_node = to / per_node_;
  if (from_node == to_node) {
    hops.assign({{2 * from, 0}, {2 * to + 1, 0}});
  } else if (chips_have_ports_) {
    hops.assign({{upper_lines_ + 2 * from, 0}, {upper_lines_ + 2 * to + 1, 0}});
  } else {
    hops.assign({{2 * from, 0},
                 {upper_lines_ + 2 * from_node, 0},
                 {upper_lines_ + 2 * to_node + 1, 0},
                 {2 * to + 1, 0}});
  }
}

std::string TwoLevelInterconnect::node_name(std::int32_t node) const {
  return node == nodes() - 1 ? "spine" : Interconnect::node_name(node);
}

}  // namespace simdse
