// The network of a system, simulated: who sends what to whom, and is told when it is there.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "models/network/line_module.h"
#include "models/network/node_module.h"
#include "sim/checking/line_monitor.h"

namespace simdse {

/// Nodes and lines of an interconnect as modules. What messages need no path of their own for is in
/// LineModule and NodeModule: turns, cut-through and places.
///
/// Example:
///   SystemNetwork network("network", queue, *system.network);
///   network.send(0, 5, Bytes(1 << 20), client, 7);  // client.message_delivered(7) when it is
///   there
class SystemNetwork : public sc_core::sc_module {
 public:
  /// `with_monitors` puts a LineMonitor behind every line.
  SystemNetwork(const sc_core::sc_module_name& name, TimeService& time, const Interconnect& network,
                bool with_monitors = false);

  /// From chip `from` to chip `to`, another one, now. Any number of messages may be under way;
  /// nothing is said about the order in which those between the same chips arrive. The client must
  /// live until the message has been delivered.
  void send(std::int32_t from, std::int32_t to, Bytes bytes, MessageClient& client,
            std::uint64_t token, RingWay way = RingWay::even);

  const Interconnect& interconnect() const { return network_; }
  std::size_t messages_under_way() const { return messages_.under_way(); }
  std::size_t live_payloads() const { return pool_.live(); }
  const NodeModule& node(std::int32_t node) const {
    return *nodes_[static_cast<std::size_t>(node)];
  }
  const LineModule& line(std::int32_t line) const {
    return *lines_[static_cast<std::size_t>(line)];
  }
  /// Only with monitors.
  const LineMonitor& monitor(std::int32_t line) const {
    return *monitors_[static_cast<std::size_t>(line)];
  }

 private:
  MessageRoute& route(std::int32_t from, std::int32_t to, RingWay way);

  TimeService& time_;
  const Interconnect& network_;
  PayloadPool pool_;
  MessageTable messages_;
  std::vector<std::unique_ptr<NodeModule>> nodes_;
  std::vector<std::unique_ptr<LineModule>> lines_;
  std::vector<std::unique_ptr<LineMonitor>> monitors_;
  std::unordered_map<std::uint64_t, MessageRoute> routes_;
};

}  // namespace simdse
