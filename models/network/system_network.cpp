#include "models/network/system_network.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace simdse {
namespace {

constexpr unsigned kChipBits = 12;
constexpr unsigned kAgeBits = 64 - 2 * kChipBits;
constexpr unsigned kWays = 3;

std::size_t index(std::int32_t i) { return static_cast<std::size_t>(i); }

}  // namespace

static_assert(kMostChips <= 1 << kChipBits);

SystemNetwork::SystemNetwork(const sc_core::sc_module_name& name, TimeService& time,
                             const Interconnect& network, bool with_monitors)
    : sc_module(name), time_(time), network_(network) {
  const std::vector<Line>& lines = network.lines();
  std::vector<std::vector<std::int32_t>> ins(index(network.nodes()));
  std::vector<std::vector<std::int32_t>> outs(index(network.nodes()));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    ins[index(lines[i].to)].push_back(static_cast<std::int32_t>(i));
    outs[index(lines[i].from)].push_back(static_cast<std::int32_t>(i));
  }
  for (std::int32_t node = 0; node < network.nodes(); ++node) {
    nodes_.push_back(std::make_unique<NodeModule>(network.node_name(node).c_str(), time, pool_,
                                                  messages_, network, node, ins[index(node)],
                                                  outs[index(node)]));
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Line& line = lines[i];
    const auto number = static_cast<std::int32_t>(i);
    const std::string line_name = "line" + std::to_string(i);
    lines_.push_back(std::make_unique<LineModule>(line_name.c_str(), time, pool_, messages_, line,
                                                  network.config().params));
    nodes_[index(line.from)]->out(number).bind(lines_.back()->in);
    if (with_monitors) {
      monitors_.push_back(std::make_unique<LineMonitor>(("monitor" + std::to_string(i)).c_str(),
                                                        time, line.bandwidth));
      lines_.back()->out.bind(monitors_.back()->target);
      monitors_.back()->initiator.bind(nodes_[index(line.to)]->in(number));
    } else {
      lines_.back()->out.bind(nodes_[index(line.to)]->in(number));
    }
  }
}

MessageRoute& SystemNetwork::route(std::int32_t from, std::int32_t to, RingWay way) {
  const auto pair = static_cast<std::uint64_t>(from) << kChipBits | static_cast<std::uint64_t>(to);
  const auto [found, is_new] = routes_.try_emplace(pair * kWays + static_cast<std::uint64_t>(way));
  MessageRoute& route = found->second;
  if (!is_new) return route;
  network_.route(from, to, way, route.hops);
  for (std::size_t i = 0; i + 1 < route.hops.size(); ++i) {
    route.places.push_back(lines_[index(route.hops[i].line)]->places_for(
        route.hops[i + 1].line, route.hops[i].place_class));
  }
  // Where all lines lead to switches, messages of everybody to everybody that begin together take
  // turns as they are far ahead, or all would want the port of the same chip at first. On other
  // networks that would send all of them along the same dimension.
  const std::int32_t chips = network_.chips();
  const bool has_switches = network_.nodes() > chips;
  const std::int32_t turn = has_switches ? (to - from + chips) % chips : to;
  route.key = (static_cast<std::uint64_t>(from) << kChipBits | static_cast<std::uint64_t>(turn))
              << kAgeBits;
  return route;
}

void SystemNetwork::send(std::int32_t from, std::int32_t to, Bytes bytes, MessageClient& client,
                         std::uint64_t token, RingWay way) {
  const std::int32_t chips = network_.chips();
  if (from < 0 || from >= chips || to < 0 || to >= chips || from == to || bytes < Bytes(0)) {
    throw std::logic_error("a message that can't be sent");
  }
  Message message;
  message.route = &route(from, to, way);
  message.client = &client;
  message.token = token;
  message.key = message.route->key | message.route->sent++;
  message.bytes = message.to_inject = bytes.value();
  message.segments_under_way =
      std::max<std::int64_t>(1, ceil_div(bytes.value(), network_.config().params.segment.value()));
  message.turns.assign(message.route->hops.size(), 0);
  nodes_[index(from)]->send(messages_.add(std::move(message)));
}

}  // namespace simdse
