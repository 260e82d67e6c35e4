// TLM shell of a compute core: the engine behind one initiator socket.
#pragma once

#include <vector>

#include "models/core/core_engine.h"
#include "models/core/transfer_limits.h"
#include "sim/kernel/transfer_port.h"

namespace simdse {

/// What took most of a transfer's time.
Cause main_cause(const TransferInfo& info);

/// `number` is the core's place among all cores of its chip.
class CoreModule : public sc_core::sc_module, public CoreIo, public TransferClient, public Timed {
 public:
  CoreModule(const sc_core::sc_module_name& name, TimeService& time, const Clock& clock,
             PayloadPool& pool, TimeAccount& account, TimeAccount::Worker worker,
             Buffering buffering, std::size_t number, const TransferLimits& limits);

  CoreEngine& engine() { return engine_; }
  /// Stream of the transfers from now on.
  void set_stream(std::uint32_t stream) { stream_ = stream; }
  tlm::tlm_initiator_socket<>& socket() { return port_.socket(); }

 private:
  /// The loads or stores of one item of the engine, in as many transactions as they take.
  struct Move {
    std::uint64_t tag = 0;
    std::int64_t parts_left = 0;
    Picoseconds tail = 0;
    Cause cause = Cause::memory;
  };

  void load(const WorkTransfers& transfers, std::uint64_t tag) override;
  void store(const WorkTransfers& transfers, std::uint64_t tag) override;
  void move(tlm::tlm_command command, const WorkTransfers& transfers, std::uint64_t tag);
  /// True if one transaction takes all, as it stands.
  bool fits_one_request(const WorkTransfers& transfers) const;
  /// Cuts what is too large for one transaction, and gathers what fits into one and goes the same
  /// way, into requests_.
  void gather(const WorkTransfers& transfers);
  void on_response(tlm::tlm_generic_payload& payload, Picoseconds head) override;
  void on_time(std::uint64_t token) override;

  TimeService& time_;
  TransferPort port_;
  CoreEngine engine_;
  std::int64_t max_bytes_;
  std::uint32_t stream_ = 0;
  std::vector<Move> moves_;
  std::vector<std::uint32_t> free_moves_;
  std::vector<WorkTransfers> requests_;  ///< scratch
};

}  // namespace simdse
