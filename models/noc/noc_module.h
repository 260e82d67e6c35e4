// TLM shell of every network.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/base/timed.h"
#include "models/chip/chip.h"
#include "models/core/arrivals.h"
#include "models/core/fifo.h"
#include "models/noc/noc_core.h"
#include "models/noc/port_spread.h"
#include "sim/kernel/transfer.h"
#include "sim/kernel/transfer_sockets.h"

namespace simdse {

/// Sockets for cores, buffer and memory over a NocCore. Requests pass with the network's latency;
/// data waits for its links: a write's on its way out, a read's on its way back. Addresses are
/// spread over the ports of buffer and memory as over their banks and channels. A request that its
/// target does not accept holds up those behind it for the same target, and END_REQ tells the core
/// when its own has been accepted.
class NocModule : public sc_core::sc_module, public Timed {
 public:
  using CoreFactory = std::function<std::unique_ptr<NocCore>(const Noc&, const Clock&)>;

  NocModule(const sc_core::sc_module_name& name, TimeService& time, const Chip& chip,
            const CoreFactory& make_core);

  tlm::tlm_target_socket<>& core_socket(std::size_t core) { return *from_cores_[core]; }
  tlm::tlm_initiator_socket<>& buffer_socket() { return to_targets_[kBuffer]->socket; }
  tlm::tlm_initiator_socket<>& memory_socket() { return to_targets_[kMemory]->socket; }
  /// Gives every stream a network of its own, to find out what contention costs.
  void make_private() { is_private_ = true; }
  Bytes bytes_carried() const { return bytes_carried_; }
  void observe(OccupancyObserver* observer) { core_->observe(observer); }
  /// Names of the links that an observer is told of.
  std::vector<std::string> resource_names() const;

 private:
  static constexpr int kBuffer = 0;
  static constexpr int kMemory = 1;

  using CoreSocket = TransferTargetSocket<NocModule>;
  friend CoreSocket;
  using FarSocket = TransferInitiatorSocket<NocModule>;
  friend FarSocket;

  /// One far side: its socket, and the requests that wait to be accepted there.
  struct Target {
    Target(const char* name, NocModule& noc, std::size_t number) : socket(name, noc, number) {}
    FarSocket socket;
    struct Waiting {
      tlm::tlm_generic_payload* payload;
      Picoseconds at;
      bool owes_end_request;  ///< the core has not been told yet that its request is accepted
    };
    Fifo<Waiting> waiting;       ///< the first may be with the target already, not yet accepted
    bool is_requesting = false;  ///< BEGIN_REQ sent, END_REQ not seen
    bool is_answering = false;   ///< the call that sends BEGIN_REQ has not returned
  };

  /// Data of a transfer at the entrance of the network.
  struct Data {
    tlm::tlm_generic_payload* payload;
    bool to_core;
  };

  tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                             sc_core::sc_time& delay, std::size_t core);
  tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                              sc_core::sc_time& delay, std::size_t target);
  void on_time(std::uint64_t token) override;
  /// Requests something of the target, which reaches it `at`. True if it has accepted that.
  bool request(int target, tlm::tlm_generic_payload& payload, Picoseconds at);
  /// Sends waiting requests to the target until it withholds END_REQ.
  void send(int target);
  void accepted(Target& target);
  NocCore::Span carry(const Data& data);
  /// Of a request, or of a write's acknowledgement, at the address as the network sees it.
  Picoseconds latency(const tlm::tlm_generic_payload& payload, std::int64_t address) const;
  NocCore& private_core(std::uint32_t stream);
  void respond(tlm::tlm_generic_payload& payload, Picoseconds at);
  static int target_of(std::int64_t address) { return is_in_buffer(address) ? kBuffer : kMemory; }
  static int target_of(const tlm::tlm_generic_payload& payload) {
    return target_of(static_cast<std::int64_t>(payload.get_address()));
  }

  TimeService& time_;
  const Noc& noc_;
  Clock clock_;
  CoreFactory make_core_;
  PortSpread spread_[2];            // over the ports of buffer and memory
  std::vector<std::int64_t> near_;  // the network's endpoint of every core
  std::unique_ptr<NocCore> core_;
  bool is_private_ = false;
  std::map<std::uint32_t, std::unique_ptr<NocCore>> private_cores_;
  std::vector<std::unique_ptr<CoreSocket>> from_cores_;
  std::vector<std::unique_ptr<Target>> to_targets_;
  Arrivals<Data> outgoing_;
  Arrivals<Data> incoming_;
  std::vector<Picoseconds> latency_[2];  // by core, then port of buffer or memory
  bool is_latency_uniform_ = false;      // they are all the same
  Bytes bytes_carried_;
};

}  // namespace simdse
