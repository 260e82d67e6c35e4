// TLM shell of a link between two chips.
#pragma once

#include <array>
#include <deque>
#include <memory>

#include "models/base/timed.h"
#include "models/link/serdes_core.h"
#include "sim/kernel/transfer.h"

namespace simdse {

/// Both directions of one link. What side s sends goes in at in(s) and comes out at out(s), at the
/// other side's target; the directions share nothing. A transfer is a write: it is announced to
/// the target when its head arrives, keeps its places in the receive buffer while the target
/// withholds END_REQ, and is answered after the latency of the way back. The sender withholds
/// END_REQ while `kQueue` transfers wait for the line. A read is answered with an error: chips
/// push.
class LinkModule : public sc_core::sc_module, public Timed {
 public:
  static constexpr int kSides = 2;
  static constexpr std::size_t kQueue = 4;

  LinkModule(const sc_core::sc_module_name& name, TimeService& time, const Serdes& link);

  tlm::tlm_target_socket<>& in(int side) { return direction(side).in; }
  tlm::tlm_initiator_socket<>& out(int side) { return direction(side).out; }
  /// Bytes of data that the far side of `side` has accepted.
  Bytes bytes_carried(int side) { return direction(side).bytes_carried; }

 private:
  struct Transfer {
    tlm::tlm_generic_payload* payload;
    Picoseconds at;  ///< when its head is at the sender
    bool is_announced = false;
    bool is_whole = false;  ///< all packets have been given their time on the line
    Picoseconds tail = 0;   ///< when the last byte arrives, once whole
  };
  struct Direction {
    Direction(const std::string& name, const Serdes& link)
        : in((name + "_in").c_str()), out((name + "_out").c_str()), core(link) {}
    tlm_utils::simple_target_socket_tagged<LinkModule> in;
    tlm_utils::simple_initiator_socket_tagged<LinkModule> out;
    SerdesCore core;
    std::deque<Transfer> transfers;  ///< not accepted at the far side, oldest first
    std::size_t sending = 0;         ///< the first of them that is not whole
    std::deque<Transfer> refused;    ///< at most one: its END_REQ is withheld
    std::size_t arrived = 0;         ///< transfers whose head is at the far side
    bool is_requesting = false;      ///< BEGIN_REQ sent, END_REQ not seen
    bool is_waiting_for_line = false;
    Bytes bytes_carried;
  };

  Direction& direction(int side) { return *directions_[static_cast<std::size_t>(side)]; }
  tlm::tlm_sync_enum nb_transport_fw(int side, tlm::tlm_generic_payload& payload,
                                     tlm::tlm_phase& phase, sc_core::sc_time& delay);
  tlm::tlm_sync_enum nb_transport_bw(int side, tlm::tlm_generic_payload& payload,
                                     tlm::tlm_phase& phase, sc_core::sc_time& delay);
  void on_time(std::uint64_t token) override;
  void enqueue(int side, const Transfer& transfer);
  /// Puts on the line what can go there now.
  void send(int side);
  /// Announces transfers that have arrived, until the target withholds END_REQ.
  void deliver(int side);
  void accepted(int side);
  void admit(int side);

  TimeService& time_;
  std::array<std::unique_ptr<Direction>, kSides> directions_;
};

}  // namespace simdse
