// Counts what passes a socket, independently of the modules on either side.
#pragma once

#include <map>

#include "models/base/timed.h"
#include "sim/checking/pass_through.h"

namespace simdse {

/// Bytes each way, and the time that transfers spend beyond the socket. Times are those at which
/// the heads of requests arrive and the tails of responses are back, as the annotations say.
class Monitor : public PassThrough {
 public:
  Monitor(const sc_core::sc_module_name& name, TimeService& time)
      : PassThrough(name), time_(time) {}

  Bytes bytes_read() const { return bytes_read_; }
  Bytes bytes_written() const { return bytes_written_; }
  std::uint64_t transfers() const { return transfers_; }

  /// One side of Little's law: the sum of the times under way, in picoseconds.
  double sum_of_times() const { return sum_of_times_; }

 protected:
  tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                             sc_core::sc_time& delay) override;
  tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                              sc_core::sc_time& delay) override;

 private:
  TimeService& time_;
  std::map<tlm::tlm_generic_payload*, Picoseconds> arrived_;
  Bytes bytes_read_;
  Bytes bytes_written_;
  std::uint64_t transfers_ = 0;
  double sum_of_times_ = 0;
};

}  // namespace simdse
