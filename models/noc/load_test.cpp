#include "models/noc/load_test.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace simdse {

LoadFormula LoadFormula::of(const Traffic& traffic, const NetworkLoad& load, double link_rate) {
  const Topology& topology = traffic.topology();
  const auto endpoints = static_cast<double>(topology.endpoints());
  const double packet = static_cast<double>(load.packet) / link_rate;  // cycles on a link
  // Load of every link when each endpoint offers one flit per cycle.
  std::vector<double> loads(static_cast<std::size_t>(topology.links()));
  std::vector<std::int64_t> route;
  double alone = 0;
  for (std::int64_t source = 0; source < topology.endpoints(); ++source) {
    traffic.for_each(source, [&](std::int64_t to, double share) {
      topology.route(source, to, route);
      for (const std::int64_t link : route) loads[static_cast<std::size_t>(link)] += share;
      alone += share * static_cast<double>(topology.latency(source, to)) / endpoints;
    });
  }
  LoadFormula formula;
  const auto most = std::max_element(loads.begin(), loads.end());
  const bool can_be_busy = std::isfinite(link_rate);
  formula.bound = can_be_busy ? link_rate / *most : 1;
  formula.binding_link = can_be_busy ? topology.link_name(most - loads.begin()) : "none";
  formula.figures.is_saturated = can_be_busy && load.rate >= formula.bound;
  for (std::int64_t source = 0; source < topology.endpoints(); ++source) {
    double busiest = 1;
    double sent = 0;
    traffic.for_each(source, [&](std::int64_t to, double share) {
      sent += share;
      topology.route(source, to, route);
      for (const std::int64_t link : route) {
        busiest = std::max(busiest, loads[static_cast<std::size_t>(link)] * load.rate / link_rate);
      }
    });
    formula.figures.accepted_rate += sent * load.rate / busiest / endpoints;
  }
  double latency = alone + std::max(packet, 1.0);
  for (const double link : loads) {
    const double busy = link * load.rate / link_rate;
    // Weighted by the packets that pass the link, out of all.
    latency += busy < 1 ? link / endpoints * busy * packet / (2 * (1 - busy))
                        : std::numeric_limits<double>::infinity();
  }
  formula.figures.mean_latency = latency;
  return formula;
}

LoadFigures run_load(PacketNetwork& network, const Traffic& traffic, const NetworkLoad& load) {
  const std::int64_t endpoints = traffic.topology().endpoints();
  const std::int64_t begin = load.cycles;
  const std::int64_t end = begin + load.cycles;
  const std::int64_t last = end + load.cycles;
  const double chance = load.rate / static_cast<double>(load.packet);
  TrafficRandom random(load.seed);
  std::vector<PacketNetwork::Packet> arrived;
  std::int64_t delivered_at_begin = 0;
  // By source: packets offered in the measurement, and how many more are held back than before it.
  std::vector<std::int64_t> offered(static_cast<std::size_t>(endpoints));
  std::vector<std::int64_t> held(static_cast<std::size_t>(endpoints));
  std::int64_t missing = 0;  // packets of the measurement
  std::int64_t packets = 0;
  double latency = 0;
  LoadFigures figures;
  for (std::int64_t cycle = 0; cycle < last && (cycle < end || missing > 0); ++cycle) {
    if (cycle == begin) delivered_at_begin = network.flits_delivered();
    const bool is_measured = cycle >= begin && cycle < end;
    for (std::int64_t source = 0; source < endpoints; ++source) {
      if (random.fraction() >= chance) continue;
      network.offer({cycle, source, traffic.draw(source, random), load.packet});
      if (!is_measured) continue;
      ++missing;
      ++offered[static_cast<std::size_t>(source)];
      ++held[static_cast<std::size_t>(source)];
    }
    arrived.clear();
    network.step(arrived);
    for (const PacketNetwork::Packet& packet : arrived) {
      if (is_measured) --held[static_cast<std::size_t>(packet.source)];
      if (packet.tag < begin || packet.tag >= end) continue;
      --missing;
      ++packets;
      latency += static_cast<double>(cycle - packet.tag);
    }
    if (cycle == end - 1) {
      const std::int64_t delivered = network.flits_delivered() - delivered_at_begin;
      figures.accepted_rate =
          static_cast<double>(delivered) / static_cast<double>(endpoints * load.cycles);
      for (std::size_t source = 0; source < offered.size(); ++source) {
        const double allowed = 0.01 * static_cast<double>(offered[source]) + 8;
        if (static_cast<double>(held[source]) > allowed) figures.is_saturated = true;
      }
    }
  }
  if (missing > 0) figures.is_saturated = true;
  figures.mean_latency = packets > 0 ? latency / static_cast<double>(packets) : 0;
  return figures;
}

}  // namespace simdse
