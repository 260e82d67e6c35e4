// High-bandwidth memory stacks.
#pragma once

#include "models/memory/memory.h"

namespace simdse {

/// Stacks of channels of banks with row buffers. Defaults are HBM2 (JESD235A) at 2 Gb/s per pin:
/// 8 channels of 128 bits, burst length 4. Timings are those of an 8 Gb HBM2 part at 1 GHz as the
/// cycle-level simulator DRAMsim3 (Li et al., IEEE CAL 2020) has them in HBM2_8Gb_x128.ini.
class Hbm : public Memory {
 public:
  struct Params {
    std::int64_t stacks = 2;
    Bytes stack_capacity = Bytes(std::int64_t{8} << 30);
    std::int64_t channels = 8;
    std::int64_t channel_bits = 128;
    BytesPerSecond pin_rate = BytesPerSecond(2e9 / 8);
    std::int64_t burst_length = 4;
    std::int64_t banks = 16;
    Bytes row_size = Bytes(2048);
    Bytes interleave = Bytes(256);
    Seconds t_rcd = Seconds(14e-9);
    Seconds t_rp = Seconds(14e-9);
    Seconds t_cl = Seconds(14e-9);
    Seconds t_rrd = Seconds(4e-9);  // tRRD_S; tRRD_L (6 ns) binds no sooner, since tFAW / 4 is 7.5
    Seconds t_faw = Seconds(30e-9);
    Seconds t_rc = Seconds(48e-9);  // tRAS 34 ns + tRP
    Seconds t_rfc = Seconds(260e-9);
    Seconds t_refi = Seconds(3900e-9);
    // From the last data of a write to the first of a read the bus is idle for tWTR_L + CL = 22 ns,
    // the other way for one clock. Turns alternate, so each counts as the mean.
    Seconds t_turnaround = Seconds(11.5e-9);
    Bytes turnaround_batch = Bytes(1024);  // trans_queue_size: 16 bursts of 64 bytes
    // The same simulator's idle read latency, 32 ns, less tRCD, CL and a burst of 2 ns.
    Seconds t_controller = Seconds(2e-9);
    std::int64_t queue_depth = 64;
    static void declare(ParamTable<Params>& table);
  };

  Hbm(const Params& params, const BlockContext& context);

  Bytes capacity() const override { return p_.stack_capacity * p_.stacks; }
  std::int64_t channels() const override { return p_.stacks * p_.channels; }
  Bytes interleave() const override { return p_.interleave; }
  BytesPerSecond peak_bandwidth() const override {
    return channel_bandwidth() * static_cast<double>(channels());
  }
  /// Peak less the share of time that refresh takes: 1 - tRFC / tREFI. Closing and opening rows
  /// around it is left to the simulation.
  BytesPerSecond sustained_bandwidth() const override;
  Seconds latency() const override { return p_.t_controller + p_.t_rcd + p_.t_cl; }
  Bytes access_size() const override { return Bytes(p_.burst_length * p_.channel_bits / 8); }
  std::int64_t queue_depth() const override { return p_.queue_depth; }
  BlockCost cost(const Technology& technology) const override;

  BytesPerSecond channel_bandwidth() const {
    return p_.pin_rate * static_cast<double>(p_.channel_bits);
  }
  const Params& params() const { return p_; }

 private:
  Params p_;
};

}  // namespace simdse
