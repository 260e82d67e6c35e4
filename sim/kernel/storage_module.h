// TLM shell of a memory or buffer.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "models/base/timed.h"
#include "models/core/arrivals.h"
#include "models/core/fifo.h"
#include "models/core/storage_core.h"
#include "sim/kernel/transfer.h"
#include "sim/kernel/transfer_sockets.h"

namespace simdse {

/// Target sockets over a StorageCore. Every transfer that arrives in one instant is there before
/// any is served, in the order of a key that rotates over the `sources` of transfers. BEGIN_RESP
/// announces the head of a read's data, and the last byte of a write, by an annotated delay; the
/// tail is in the extension. A DeferredStorage is answered for when it tells, by the same rule.
/// When the queue is full END_REQ is withheld.
class StorageModule : public sc_core::sc_module, public Timed, private StorageClient {
 public:
  StorageModule(const sc_core::sc_module_name& name, TimeService& time,
                std::unique_ptr<StorageCore> core, std::size_t ports, std::size_t sources,
                bool is_memory, std::size_t transactions_per_entry = 1);

  using Socket = TransferTargetSocket<StorageModule>;
  Socket& socket(std::size_t port) { return *sockets_[port]; }

  StorageCore& core() { return *core_; }
  /// Transfers that have arrived by now and are not finished, those that wait for room included.
  std::size_t under_way();
  Bytes bytes_read() const { return bytes_read_; }
  Bytes bytes_written() const { return bytes_written_; }

 private:
  friend Socket;
  void on_time(std::uint64_t token) override;
  tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                             sc_core::sc_time& delay, std::size_t port);
  void serve(std::size_t port, tlm::tlm_generic_payload& payload);
  void submit(std::size_t port, tlm::tlm_generic_payload& payload);
  void served(std::uint64_t tag, const StorageSpan& span) override;
  void answer(std::size_t port, tlm::tlm_generic_payload& payload, Picoseconds since,
              const StorageSpan& span);
  void admit_blocked();
  void wait_for_room();
  bool has_room();
  void forget_finished();
  void note_finish(Picoseconds tail);
  void arrive(std::size_t port, tlm::tlm_generic_payload& payload, Picoseconds at);

  struct Arrived {
    tlm::tlm_generic_payload* payload;
    std::size_t port;
  };
  /// Submitted to a deferred storage, piece by piece.
  struct Submitted {
    tlm::tlm_generic_payload* payload;
    std::size_t port;
    Picoseconds since;
    std::size_t pieces_left;
    StorageSpan span;
  };
  struct Blocked {
    std::size_t port;
    tlm::tlm_generic_payload* payload;
    Picoseconds at;
  };

  TimeService& time_;
  std::unique_ptr<StorageCore> core_;
  DeferredStorage* deferred_;  // of core_, if it answers later
  std::size_t queue_depth_;    // in transactions
  bool is_memory_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  Arrivals<Arrived> arrivals_;
  std::vector<Submitted> submitted_;  // by tag
  std::vector<std::uint64_t> free_tags_;
  std::deque<Blocked> blocked_;
  bool is_waiting_for_room_ = false;
  std::size_t waiting_ = 0;      // accepted and not served
  Fifo<Picoseconds> finishing_;  ///< ends of transfers, in order; those that are over may be gone
  Bytes bytes_read_;
  Bytes bytes_written_;
};

}  // namespace simdse
