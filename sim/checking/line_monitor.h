// Watches one direction of a link between two nodes of a system.
#pragma once

#include "models/base/timed.h"
#include "models/base/units.h"
#include "sim/checking/pass_through.h"

namespace simdse {

/// Counts what comes out of a line from what the socket says alone, and compares it with what a
/// line of the bandwidth can carry.
class LineMonitor : public PassThrough {
 public:
  LineMonitor(const sc_core::sc_module_name& name, TimeService& time, BytesPerSecond bandwidth)
      : PassThrough(name), time_(time), bandwidth_(bandwidth) {}

  Bytes bytes() const { return bytes_; }
  /// By how much anything came sooner than the bandwidth allows, at worst; 0 or less when nothing
  /// did.
  Picoseconds worst_excess() const { return worst_excess_; }
  /// Bytes over the time from the first head to the last tail, as a share of the bandwidth.
  double utilisation() const;

 protected:
  tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                             sc_core::sc_time& delay) override;

 private:
  TimeService& time_;
  BytesPerSecond bandwidth_;
  Bytes bytes_;
  Picoseconds first_head_ = kNever;
  Picoseconds last_tail_ = 0;
  Picoseconds worst_excess_ = 0;
};

}  // namespace simdse
