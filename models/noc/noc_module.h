// TLM shell of every network.
#pragma once

#include <array>
#include <boost/container/small_vector.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/base/timed.h"
#include "models/chip/chip.h"
#include "models/core/arrivals.h"
#include "models/core/fifo.h"
#include "models/core/interleave.h"
#include "models/noc/noc_core.h"
#include "sim/kernel/transfer.h"

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
  static constexpr std::size_t kNoPlace = ~std::size_t{0};
  static constexpr unsigned kSpreadBits = 5;
  static constexpr std::uint64_t kHashFactor = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio

  using CoreSocket = tlm_utils::simple_target_socket_tagged<NocModule>;

  /// One far side: its socket, and the requests that wait to be accepted there.
  struct Target {
    explicit Target(const char* name) : socket(name) {}
    tlm_utils::simple_initiator_socket_tagged<NocModule> socket;
    struct Waiting {
      tlm::tlm_generic_payload* payload;
      Picoseconds at;
      bool owes_end_request;   ///< the core has not been told yet that its request is accepted
      bool* answer = nullptr;  ///< set instead while the core's call is still being answered
    };
    Fifo<Waiting> waiting;  ///< the first may be with the target already, not yet accepted
    bool is_requesting = false;
  };

  /// Data of a transfer at the entrance of the network.
  struct Data {
    tlm::tlm_generic_payload* payload;
    bool to_core;
  };

  /// A piece of a transfer, by what decides which ports it uses.
  struct SpreadPart {
    std::int64_t phase = 0;  ///< of its address, see Interleave
    std::int64_t bytes = 0;
    friend bool operator==(const SpreadPart& a, const SpreadPart& b) {
      return a.phase == b.phase && a.bytes == b.bytes;
    }
  };
  /// How a transfer is spread over ports, and all others like it.
  struct Spread {
    int target = -1;
    boost::container::small_vector<SpreadPart, 4> parts;
    std::vector<NocCore::Transfer::Piece> pieces;
  };

  tlm::tlm_sync_enum nb_transport_fw(int core, tlm::tlm_generic_payload& payload,
                                     tlm::tlm_phase& phase, sc_core::sc_time& delay);
  tlm::tlm_sync_enum nb_transport_bw(int target, tlm::tlm_generic_payload& payload,
                                     tlm::tlm_phase& phase, sc_core::sc_time& delay);
  void on_time(std::uint64_t token) override;
  /// Sends waiting requests to the target until it withholds END_REQ.
  void send(int target);
  void accepted(Target& target);
  NocCore::Span carry(const Data& data);
  /// Of a request, or of a write's acknowledgement, at the address as the network sees it.
  Picoseconds latency(const tlm::tlm_generic_payload& payload, std::int64_t address) const;
  /// The far endpoints of a transfer's bytes: one piece for each port. Until the next call.
  const std::vector<NocCore::Transfer::Piece>& spread(const tlm::tlm_generic_payload& payload,
                                                      const TransferInfo& info);
  void spread_anew(Spread& spread);
  NocCore& core_of(std::uint32_t stream);
  void respond(tlm::tlm_generic_payload& payload, Picoseconds at);
  static int target_of(std::int64_t address) { return is_in_buffer(address) ? kBuffer : kMemory; }
  static int target_of(const tlm::tlm_generic_payload& payload) {
    return target_of(static_cast<std::int64_t>(payload.get_address()));
  }

  TimeService& time_;
  const Noc& noc_;
  Clock clock_;
  CoreFactory make_core_;
  Interleave spread_[2];  // over the ports of buffer and memory
  std::unique_ptr<NocCore> core_;
  bool is_private_ = false;
  std::map<std::uint32_t, std::unique_ptr<NocCore>> private_cores_;
  std::vector<std::unique_ptr<CoreSocket>> from_cores_;
  std::vector<std::unique_ptr<Target>> to_targets_;
  Arrivals<Data> outgoing_;
  Arrivals<Data> incoming_;
  std::vector<Arrivals<Data>::Arrival> due_;  // scratch
  std::vector<std::int64_t> far_[2];          // endpoints of the ports of buffer and memory
  std::vector<Picoseconds> latency_[2];       // by core, then port of buffer or memory
  std::array<Spread, std::size_t{1} << kSpreadBits> spreads_;  // met lately, by a hash
  boost::container::small_vector<SpreadPart, 4> parts_;        // scratch
  std::vector<std::size_t> place_of_port_;                     // scratch: in pieces_
  Bytes bytes_carried_;
};

}  // namespace simdse
