#include "models/network/interconnect.h"

#include <fmt/core.h>

#include <stdexcept>

#include "models/network/fully_connected.h"
#include "models/network/switched.h"
#include "models/network/torus.h"

namespace simdse {

Interconnect::Interconnect(NetworkConfig config, std::int32_t chips)
    : config_(std::move(config)),
      chips_(chips),
      forward_latency_(static_cast<std::size_t>(chips), config_.params.forward_latency),
      levels_{chips} {}

std::string Interconnect::node_name(std::int32_t node) const {
  return node < chips_ ? fmt::format("chip{}", node) : fmt::format("switch{}", node - chips_);
}

Seconds Interconnect::latency(const std::vector<Hop>& hops) const {
  Seconds total = config_.params.send_overhead;
  for (std::size_t i = 0; i < hops.size(); ++i) {
    const Line& line = lines_[static_cast<std::size_t>(hops[i].line)];
    total += line.latency;
    if (i + 1 < hops.size()) total += forward_latency(line.to);
  }
  return total;
}

std::int32_t Interconnect::add_switch(Seconds forward_latency) {
  forward_latency_.push_back(forward_latency);
  return nodes() - 1;
}

std::int32_t Interconnect::add_line(std::int32_t from, std::int32_t to, const Link& link,
                                    double links) {
  lines_.push_back({from, to, link.bandwidth() * links, link.latency(), links});
  return static_cast<std::int32_t>(lines_.size()) - 1;
}

void Interconnect::slow_down() {
  for (const SlowLink& slow : config_.slow_links) {
    bool is_there = false;
    for (Line& line : lines_) {
      if (node_name(line.from) != slow.from || node_name(line.to) != slow.to) continue;
      line.bandwidth = line.bandwidth * slow.share;
      is_there = true;
    }
    if (is_there) continue;
    throw InputError(
        slow.where,
        fmt::format(
            "slow_links: no line leads from '{}' to '{}'; nodes are called "
            "chip0 to chip{}{}",
            slow.from, slow.to, chips_ - 1,
            nodes() == chips_ ? "" : ", " + node_name(chips_) + " to " + node_name(nodes() - 1)));
  }
}

namespace {

std::shared_ptr<const Link> build_link(const CoreGroupConfig& links, const Chip& chip) {
  const BlockType* type = BlockRegistry::instance().find(links.block.kind, links.block.type);
  const BlockContext context{chip.clock(), static_cast<std::int64_t>(chip.core_count())};
  auto link = std::dynamic_pointer_cast<const Link>(type->create(links.block.params, context));
  if (link == nullptr) {
    throw std::logic_error(fmt::format("block type '{}' is not a link", links.block.type));
  }
  return link;
}

}  // namespace

std::shared_ptr<const Interconnect> make_interconnect(const NetworkConfig& config,
                                                      const Chip& chip) {
  std::shared_ptr<const Link> own;
  const Link* link = chip.link();
  double count = link == nullptr ? 0 : static_cast<double>(chip.design().links->count);
  if (config.links) {
    own = build_link(*config.links, chip);
    link = own.get();
    count = static_cast<double>(config.links->count);
  }
  if (link == nullptr) {
    throw InputError(
        fmt::format("{} has no links, and its network gives it none: add `links` to "
                    "either",
                    chip.design().name));
  }
  switch (config.topology) {
    case NetworkTopology::ring:
    case NetworkTopology::torus_2d:
    case NetworkTopology::torus_3d:
      return std::make_shared<const TorusInterconnect>(config, *link, count);
    case NetworkTopology::fully_connected:
      return std::make_shared<const FullyConnected>(config, *link, count);
    case NetworkTopology::switched:
      return std::make_shared<const SwitchedInterconnect>(config, *link, count);
    case NetworkTopology::switched_two_level: {
      const auto upper = build_link(config.upper->links, chip);
      return std::make_shared<const TwoLevelInterconnect>(config, *link, count, *upper);
    }
  }
  throw std::logic_error("a topology without an interconnect");
}

}  // namespace simdse
