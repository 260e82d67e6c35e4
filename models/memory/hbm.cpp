#include "models/memory/hbm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "models/technology/technology.h"

namespace simdse {

void Hbm::Params::declare(ParamTable<Params>& table) {
  constexpr double gib = 1024.0 * 1024 * 1024;
  table.add_choice("mode", &Params::mode, {"aggregated", "command"},
                   "timing of whole runs of bursts, or of every command under FR-FCFS (slower)");
  table.add("stacks", &Params::stacks, "memory stacks").range(1, 16).search({1, 2, 3, 4, 5, 6, 8});
  table.add("stack_capacity", &Params::stack_capacity, "capacity of one stack")
      .range(gib, 64 * gib);
  table.add("channels", &Params::channels, "channels of one stack").range(1, 64);
  table
      .add("pseudo_channels", &Params::pseudo_channels,
           "independent halves of a channel, each with its banks and its part of the pins")
      .range(1, 2);
  table.add("channel_bits", &Params::channel_bits, "data pins of one channel").range(8, 1024);
  table.add("pin_rate", &Params::pin_rate, "data rate of one pin").range(1e7, 2e9);
  table
      .add("transfers_per_clock", &Params::transfers_per_clock,
           "transfers of a pin in a clock of the command bus (HBM3: 4)")
      .range(2, 4)
      .powers_of_two();
  table.add("burst_length", &Params::burst_length, "transfers of one burst").range(1, 32);
  table.add("bank_groups", &Params::bank_groups, "groups of the banks of one pseudo-channel")
      .range(1, 16)
      .powers_of_two();
  table.add("banks", &Params::banks, "banks of one pseudo-channel").range(1, 128).powers_of_two();
  table.add("row_size", &Params::row_size, "bytes of one bank's open row")
      .range(256, 16384)
      .powers_of_two();
  table
      .add("interleave", &Params::interleave,
           "bytes in one pseudo-channel before the next one's turn")
      .range(32, 1 << 20)
      .powers_of_two();
  table.add_choice(
      "address_mapping", &Params::mapping, {"row_bank_column", "row_bank_column_group"},
      "a pseudo-channel's addresses, highest part first; with the group lowest, bursts "
      "take turns over the bank groups");
  table.add_choice("bank_hash", &Params::bank_hash, {"none", "xor"},
                   "a row's bank: the lowest bits of its number, or these XORed with the next "
                   "higher ones, so that rows many banks apart need not meet in one");
  const auto time = [&table](const char* name, Seconds Params::*member, const char* doc) {
    table.add(name, member, doc).range(0, 1e-6);
  };
  time("t_rcd", &Params::t_rcd, "activate to read");
  time("t_rcd_write", &Params::t_rcd_write, "activate to write");
  time("t_rp", &Params::t_rp, "precharge");
  time("t_ras", &Params::t_ras, "activate to precharge");
  time("t_rc", &Params::t_rc, "between activates of one bank");
  time("t_cl", &Params::t_cl, "read command to data");
  time("t_cwl", &Params::t_cwl, "write command to data");
  table.add("t_ccd_s", &Params::t_ccd_s, "clocks between column commands to different bank groups")
      .range(1, 64);
  table.add("t_ccd_l", &Params::t_ccd_l, "clocks between column commands to one bank group")
      .range(1, 64);
  time("t_rrd_s", &Params::t_rrd_s, "between activates in different bank groups");
  time("t_rrd_l", &Params::t_rrd_l, "between activates in one bank group");
  time("t_faw", &Params::t_faw,
       "window that holds at most four activates of one pseudo-channel (0: no such limit)");
  time("t_rtp", &Params::t_rtp, "read command to precharge");
  time("t_wr", &Params::t_wr, "last written data to precharge");
  time("t_wtr_s", &Params::t_wtr_s, "last written data to a read in another bank group");
  time("t_wtr_l", &Params::t_wtr_l, "last written data to a read in the same bank group");
  time("t_rtw", &Params::t_rtw, "read command to write command: the bus turns between their data");
  table.add("t_rfc", &Params::t_rfc, "refresh, during which a pseudo-channel stands still")
      .range(0, 1e-5);
  constexpr double never = std::numeric_limits<double>::infinity();
  table.add("t_refi", &Params::t_refi, "time between refreshes ('inf': no refresh)")
      .range(1e-7, never);
  table.add("t_controller", &Params::t_controller, "controller and PHY, request to command")
      .range(0, 1e-6);
  table
      .add(
          "queue_depth", &Params::queue_depth,
          "reads, and writes, that each pseudo-channel's controller chooses from; transfers, of up "
          "to 512 KiB, accepted and not finished, per pseudo-channel")
      .range(1, 4096);
  table
      .add("write_high", &Params::write_high,
           "queued writes at which a controller turns to writing though there are reads")
      .range(1, 4096);
  table.add("write_low", &Params::write_low, "queued writes at which it turns back to reading")
      .range(0, 4096);
}

namespace {

void check(bool holds, const char* message) {
  if (!holds) throw InputError(std::string("hbm: ") + message);
}

/// Throws InputError for times that contradict each other as they are given: in whole clocks, a sum
/// may come to one more than what it is a sum of.
void check_times(const Hbm::Params& p) {
  const auto is_at_least = [](Seconds larger, Seconds smaller) {
    constexpr double rounding = 1e-9;
    return larger.value() >= smaller.value() * (1 - rounding);
  };
  check(is_at_least(p.t_rc, p.t_ras + p.t_rp),
        "t_rc must be at least t_ras + t_rp: a bank's row is open and then closed before the next");
  check(is_at_least(p.t_ras, p.t_rcd) && is_at_least(p.t_ras, p.t_rcd_write),
        "t_ras must be at least t_rcd and t_rcd_write, or a row closes before it can be used");
  check(p.t_faw == Seconds(0) || is_at_least(p.t_faw, p.t_rrd_s),
        "t_faw must be at least t_rrd_s, or 0 for no such window: it holds four activates");
  // With one group, what holds between groups binds nothing.
  if (p.bank_groups == 1) return;
  check(is_at_least(p.t_rrd_l, p.t_rrd_s), "t_rrd_l must be at least t_rrd_s");
  check(is_at_least(p.t_wtr_l, p.t_wtr_s), "t_wtr_l must be at least t_wtr_s");
  check(p.t_ccd_l >= p.t_ccd_s, "t_ccd_l must be at least t_ccd_s");
}

}  // namespace

Hbm::Hbm(const Params& params, const BlockContext&) : p_(params) {
  check_times(p_);
  // Commands stand on clock edges, so every time counts in whole clocks, as JEDEC rounds them. What
  // division adds to a time that is a whole number of clocks is no clock.
  constexpr double rounding = 1e-6;
  for (Seconds Params::*time :
       {&Params::t_rcd, &Params::t_rcd_write, &Params::t_rp, &Params::t_ras, &Params::t_rc,
        &Params::t_cl, &Params::t_cwl, &Params::t_rrd_s, &Params::t_rrd_l, &Params::t_faw,
        &Params::t_rtp, &Params::t_wr, &Params::t_wtr_s, &Params::t_wtr_l, &Params::t_rtw,
        &Params::t_rfc, &Params::t_controller}) {
    p_.*time = clock_time() * std::ceil(p_.*time / clock_time() - rounding);
  }
  check(p_.t_rp + p_.t_rfc + p_.t_rcd < p_.t_refi,
        "t_rp + t_rfc + t_rcd must be less than t_refi, or refresh takes all the time");
  check(p_.channel_bits % (8 * p_.pseudo_channels) == 0,
        "channel_bits must be whole bytes for every pseudo-channel");
  check(p_.bank_groups <= p_.banks, "there must be at least as many banks as bank_groups");
  check(p_.row_size.value() % access_size().value() == 0,
        "row_size must hold a whole number of bursts");
  check(p_.write_low < p_.write_high, "write_low must be less than write_high");
  check(p_.mode == Mode::aggregated || p_.write_high <= p_.queue_depth,
        "write_high must not exceed queue_depth, or writes never reach it");
}

Seconds Hbm::burst_period() const {
  // Without lanes, consecutive bursts go to one bank; with lanes, every so many.
  const double group = static_cast<double>(p_.t_ccd_l) / static_cast<double>(lanes());
  const double clocks = lanes() > 1 ? std::max(static_cast<double>(p_.t_ccd_s), group) : group;
  return std::max(burst_time(), clock_time() * clocks);
}

Seconds Hbm::row_period() const {
  const std::int64_t bursts = lanes() * (p_.row_size.value() / access_size().value());
  const Seconds data = burst_period() * static_cast<double>(bursts);
  const Seconds between = p_.bank_groups > 1 ? p_.t_rrd_s : p_.t_rrd_l;
  const Seconds activates = std::max(between, p_.t_faw / 4) * static_cast<double>(lanes());
  // The bank whose turn comes again must have been closed and opened.
  const Seconds bank = std::max(p_.t_rc, data + p_.t_rtp + p_.t_rp + p_.t_rcd);
  return std::max({data, activates, bank / static_cast<double>(p_.banks / lanes())});
}

BytesPerSecond Hbm::sustained_bandwidth() const {
  const Bytes row = p_.row_size * lanes();
  const double share = row / channel_bandwidth() / row_period();
  return peak_bandwidth() * (share * (1 - p_.t_rfc / p_.t_refi));
}

BlockCost Hbm::cost(const Technology& technology) const {
  const auto stacks = static_cast<double>(p_.stacks);
  BlockCost cost;
  cost.area = {{"HBM PHY", technology.hbm_phy_area * stacks, true},
               {"HBM controllers", technology.hbm_controller_area * stacks}};
  cost.static_power = technology.hbm_static_power * stacks;
  cost.actions = {{"byte", technology.hbm_energy_per_byte, peak_bandwidth().value()}};
  cost.has_own_supply = true;
  cost.die_edge = technology.hbm_edge * stacks;
  return cost;
}

namespace {
const RegisterBlock<Hbm> registration("memory", "hbm",
                                      "high-bandwidth memory stacks (HBM2 by default)");
}

}  // namespace simdse
