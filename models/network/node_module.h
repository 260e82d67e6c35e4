// A node of a system's network: a switch, or a chip's router with what it sends and receives.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "models/base/timed.h"
#include "models/network/message_table.h"
#include "sim/kernel/transfer.h"

namespace simdse {

/// Passes segments from the lines that lead here to those that lead on, after the time that it
/// takes for that. It is as fast as its lines: what contends is the line out, in whose queue
/// segments wait. A chip also cuts messages that it sends into segments, one of a message being
/// with the line at a time, and takes what is for it as fast as it comes.
class NodeModule : public sc_core::sc_module, public Timed {
 public:
  /// `ins` and `outs` are the numbers of lines to and from this node.
  NodeModule(const sc_core::sc_module_name& name, TimeService& time, PayloadPool& pool,
             MessageTable& messages, const Interconnect& network, std::int32_t node,
             const std::vector<std::int32_t>& ins, const std::vector<std::int32_t>& outs);

  tlm::tlm_target_socket<>& in(std::int32_t line) { return *ins_[place_of(line)]; }
  tlm::tlm_initiator_socket<>& out(std::int32_t line) { return *outs_[place_of(line)]; }

  /// Begins to send a message of the table.
  void send(std::uint64_t message);

  /// Bytes of messages that began or ended here.
  Bytes bytes_sent() const { return bytes_sent_; }
  Bytes bytes_received() const { return bytes_received_; }

 private:
  std::size_t place_of(std::int32_t line) const { return places_.at(line); }
  tlm::tlm_sync_enum nb_transport_fw(int place, tlm::tlm_generic_payload& payload,
                                     tlm::tlm_phase& phase, sc_core::sc_time& delay);
  tlm::tlm_sync_enum nb_transport_bw(int place, tlm::tlm_generic_payload& payload,
                                     tlm::tlm_phase& phase, sc_core::sc_time& delay);
  void on_time(std::uint64_t token) override;
  void inject(std::uint64_t number);
  void receive(tlm::tlm_generic_payload& payload, int place);

  using In = tlm_utils::simple_target_socket_tagged<NodeModule>;
  using Out = tlm_utils::simple_initiator_socket_tagged<NodeModule>;

  TimeService& time_;
  PayloadPool& pool_;
  MessageTable& messages_;
  std::int32_t node_;
  Picoseconds forward_latency_;
  Picoseconds send_overhead_;
  std::int64_t segment_;
  std::vector<std::unique_ptr<In>> ins_;
  std::vector<std::unique_ptr<Out>> outs_;
  std::unordered_map<std::int32_t, std::size_t> places_;  // among ins_ or outs_, by line
  Bytes bytes_sent_;
  Bytes bytes_received_;
};

}  // namespace simdse
