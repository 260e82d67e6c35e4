// TLM shell of the crossbar.
#pragma once

#include <deque>
#include <map>

#include "models/core/arrivals.h"
#include "models/noc/crossbar_core.h"
#include "models/noc/noc_module.h"

namespace simdse {

/// Requests pass with the network's latency; data waits for its ports: a write's on its way out, a
/// read's on its way back. A request that its target does not accept holds up those behind it for
/// the same target, and END_REQ tells the core when its own has been accepted.
class CrossbarModule : public NocModule, public Timed {
 public:
  CrossbarModule(const sc_core::sc_module_name& name, TimeService& time, const Chip& chip);

  tlm::tlm_target_socket<>& core_socket(std::size_t core) override { return *from_cores_[core]; }
  tlm::tlm_initiator_socket<>& buffer_socket() override { return to_targets_[kBuffer]->socket; }
  tlm::tlm_initiator_socket<>& memory_socket() override { return to_targets_[kMemory]->socket; }
  void make_private() override { is_private_ = true; }
  Bytes bytes_carried() const override { return bytes_carried_; }
  void observe(OccupancyObserver* observer) override { core_.observe(observer); }
  std::vector<std::string> resource_names() const override { return core_.resource_names(); }

 private:
  static constexpr int kBuffer = 0;
  static constexpr int kMemory = 1;

  using CoreSocket = tlm_utils::simple_target_socket_tagged<CrossbarModule>;

  /// One far side: its socket, and the requests that wait to be accepted there.
  struct Target {
    explicit Target(const char* name) : socket(name) {}
    tlm_utils::simple_initiator_socket_tagged<CrossbarModule> socket;
    struct Waiting {
      tlm::tlm_generic_payload* payload;
      Picoseconds at;
      bool owes_end_request;   ///< the core has not been told yet that its request is accepted
      bool* answer = nullptr;  ///< set instead while the core's call is still being answered
    };
    std::deque<Waiting> waiting;  ///< the first may be with the target already, not yet accepted
    bool is_requesting = false;
  };

  /// Data of a transfer at the entrance of the network.
  struct Data {
    tlm::tlm_generic_payload* payload;
    bool to_core;
  };

  tlm::tlm_sync_enum nb_transport_fw(int core, tlm::tlm_generic_payload& payload,
                                     tlm::tlm_phase& phase, sc_core::sc_time& delay);
  tlm::tlm_sync_enum nb_transport_bw(int target, tlm::tlm_generic_payload& payload,
                                     tlm::tlm_phase& phase, sc_core::sc_time& delay);
  void on_time(std::uint64_t token) override;
  /// Sends waiting requests to the target until it withholds END_REQ.
  void send(int target);
  void accepted(Target& target);
  CrossbarCore::Span carry(const Data& data);
  void respond(tlm::tlm_generic_payload& payload, Picoseconds at);
  static int target_of(const tlm::tlm_generic_payload& payload);

  TimeService& time_;
  CrossbarCore core_;
  bool is_private_ = false;
  std::map<std::uint32_t, CrossbarCore> private_cores_;
  std::vector<std::unique_ptr<CoreSocket>> from_cores_;
  std::vector<std::unique_ptr<Target>> to_targets_;
  Arrivals<Data> outgoing_;
  Arrivals<Data> incoming_;
  std::vector<Arrivals<Data>::Arrival> due_;
  Bytes bytes_carried_;
};

}  // namespace simdse
