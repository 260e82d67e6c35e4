// High-bandwidth memory stacks.
#pragma once

#include "models/memory/bank_sets.h"
#include "models/memory/memory.h"

namespace simdse {

/// Stacks of channels of banks with row buffers. A channel is one or two pseudo-channels, which
/// have their own data pins, banks and timing, and share nothing that could bind: a stack's row and
/// column command buses carry one command of each per clock, and two pseudo-channels with bursts of
/// two clocks ask for no more. Below, "channel" means a pseudo-channel unless the stack's channels
/// are meant.
///
/// Defaults are HBM2 (JESD235A) at 2 Gb/s per pin: 8 channels of 128 bits, burst length 4. Timings
/// are those of an 8 Gb HBM2 part at 1 GHz as the cycle-level simulator DRAMsim3 (Li et al., IEEE
/// CAL 2020) has them in HBM2_8Gb_x128.ini. configs/memories has HBM2, HBM2e and HBM3.
class Hbm : public Memory {
 public:
  /// Who decides when data flows.
  enum class Mode {
    aggregated,  ///< runs of bursts, each timed once at its arrival (HbmCore)
    command,     ///< every DRAM command, chosen by a FR-FCFS controller per channel
  };
  /// How a channel's own bytes lie in its rows, from the highest part of the address down.
  enum class Mapping {
    row_bank_column,        ///< rows are filled one after the other, in bank after bank
    row_bank_column_group,  ///< bursts take turns over the bank groups, a row in each
  };

  /// How a row finds its bank, or its set of banks: BankSets.
  enum class BankHash { none, row_xor };

  struct Params {
    Mode mode = Mode::aggregated;
    std::int64_t stacks = 2;
    Bytes stack_capacity = Bytes(std::int64_t{8} << 30);
    std::int64_t channels = 8;
    std::int64_t pseudo_channels = 1;
    std::int64_t channel_bits = 128;
    BytesPerSecond pin_rate = BytesPerSecond(2e9 / 8);
    std::int64_t transfers_per_clock = 2;
    std::int64_t burst_length = 4;
    std::int64_t bank_groups = 4;
    std::int64_t banks = 16;
    Bytes row_size = Bytes(2048);
    Bytes interleave = Bytes(256);
    Mapping mapping = Mapping::row_bank_column;
    BankHash bank_hash = BankHash::none;
    Seconds t_rcd = Seconds(14e-9);
    Seconds t_rcd_write = Seconds(14e-9);
    Seconds t_rp = Seconds(14e-9);
    Seconds t_ras = Seconds(34e-9);
    Seconds t_rc = Seconds(48e-9);
    Seconds t_cl = Seconds(14e-9);
    Seconds t_cwl = Seconds(4e-9);
    std::int64_t t_ccd_s = 2;  // 1 in that file, where the burst's two clocks bind
    std::int64_t t_ccd_l = 2;
    Seconds t_rrd_s = Seconds(4e-9);
    Seconds t_rrd_l = Seconds(6e-9);
    Seconds t_faw = Seconds(30e-9);
    Seconds t_rtp = Seconds(4e-9);  // tRTP_S
    Seconds t_wr = Seconds(16e-9);
    Seconds t_wtr_s = Seconds(6e-9);
    Seconds t_wtr_l = Seconds(8e-9);
    Seconds t_rtw = Seconds(13e-9);  // CL + burst + 1 - CWL, as that simulator has it
    Seconds t_rfc = Seconds(260e-9);
    Seconds t_refi = Seconds(3900e-9);
    // The same simulator's idle read latency, 32 ns, less tRCD, CL and a burst of 2 ns.
    Seconds t_controller = Seconds(2e-9);
    std::int64_t queue_depth = 32;  // cmd_queue_size
    // A full trans_queue_size of writes, 16, is drained at a time.
    std::int64_t write_high = 24;
    std::int64_t write_low = 8;
    static void declare(ParamTable<Params>& table);
  };

  Hbm(const Params& params, const BlockContext& context);

  Bytes capacity() const override { return p_.stack_capacity * p_.stacks; }
  std::int64_t channels() const override { return p_.stacks * p_.channels * p_.pseudo_channels; }
  Bytes interleave() const override { return p_.interleave; }
  BytesPerSecond peak_bandwidth() const override {
    return p_.pin_rate * static_cast<double>(p_.stacks * p_.channels * p_.channel_bits);
  }
  /// Peak less the share of time that refresh takes, 1 - tRFC / tREFI, and less what column
  /// commands and activates can't keep up with, if they can't. Closing and opening rows around a
  /// refresh is left to the simulation.
  BytesPerSecond sustained_bandwidth() const override;
  Seconds latency() const override { return p_.t_controller + p_.t_rcd + p_.t_cl; }
  Bytes access_size() const override {
    return Bytes(p_.burst_length * p_.channel_bits / p_.pseudo_channels / 8);
  }
  std::int64_t queue_depth() const override { return p_.queue_depth * channels(); }
  Seconds turnaround() const override {
    const Seconds write_to_read = p_.bank_groups > 1 ? p_.t_wtr_s : p_.t_wtr_l;
    return std::max(Seconds(0), write_to_read + p_.t_rtw + p_.t_cwl - burst_time());
  }
  Bytes write_batch() const override { return access_size() * (p_.write_high - p_.write_low); }
  /// The least that the data bus with its turns, column commands (tCCD), activates (tRRD, tFAW),
  /// row cycles (tRC) and refresh leave, on the channels, bank groups and banks that the pattern
  /// uses.
  BytesPerSecond bandwidth(const AccessPattern& pattern) const override;
  /// A command-level memory answers a transfer as a whole: in pieces, as controllers take them,
  /// data goes on before the last of it has come.
  Bytes max_transfer() const override {
    return p_.mode == Mode::command ? Bytes(4096) : Memory::max_transfer();
  }
  BlockCost cost(const Technology& technology) const override;

  /// Time of a burst on the data pins.
  Seconds burst_time() const { return access_size() / channel_bandwidth(); }
  /// Clock of the command bus.
  Seconds clock_time() const {
    return Seconds(static_cast<double>(p_.transfers_per_clock) / (p_.pin_rate.value() * 8));
  }
  /// From burst to burst of a long run: the data pins' time, or more where column commands can't
  /// follow each other as fast.
  Seconds burst_period() const;
  /// From row to row of a long run over all banks, a row being one row in each lane.
  Seconds row_period() const;
  /// Banks over which consecutive bursts take turns: the lanes of a row, which is then as many rows
  /// side by side.
  std::int64_t lanes() const { return p_.mapping == Mapping::row_bank_column ? 1 : p_.bank_groups; }
  /// In which of the sets of such banks a row lies.
  BankSets bank_sets() const { return {p_.banks / lanes(), p_.bank_hash == BankHash::row_xor}; }
  /// As resolved: times are whole clocks.
  const Params& params() const { return p_; }

 private:
  Params p_;
};

}  // namespace simdse
