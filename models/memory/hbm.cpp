#include "models/memory/hbm.h"

#include <limits>

#include "models/technology/technology.h"

namespace simdse {

void Hbm::Params::declare(ParamTable<Params>& table) {
  constexpr double gib = 1024.0 * 1024 * 1024;
  table.add("stacks", &Params::stacks, "memory stacks").range(1, 16).search({1, 2, 3, 4, 5, 6, 8});
  table.add("stack_capacity", &Params::stack_capacity, "capacity of one stack")
      .range(gib, 64 * gib);
  table.add("channels", &Params::channels, "channels of one stack").range(1, 64);
  table.add("channel_bits", &Params::channel_bits, "data pins of one channel").range(8, 1024);
  table.add("pin_rate", &Params::pin_rate, "data rate of one pin").range(1e7, 2e9);
  table.add("burst_length", &Params::burst_length, "transfers of one burst").range(1, 32);
  table.add("banks", &Params::banks, "banks of one channel").range(1, 128).powers_of_two();
  table.add("row_size", &Params::row_size, "bytes of one bank's open row")
      .range(256, 16384)
      .powers_of_two();
  table.add("interleave", &Params::interleave, "bytes in one channel before the next one's turn")
      .range(32, 1 << 20)
      .powers_of_two();
  table.add("t_rcd", &Params::t_rcd, "activate to read or write").range(0, 1e-6);
  table.add("t_rp", &Params::t_rp, "precharge").range(0, 1e-6);
  table.add("t_cl", &Params::t_cl, "read command to data").range(0, 1e-6);
  table.add("t_rrd", &Params::t_rrd, "between activates of different banks of one channel")
      .range(0, 1e-6);
  table.add("t_faw", &Params::t_faw, "window that holds at most four activates of one channel")
      .range(0, 1e-6);
  table.add("t_rc", &Params::t_rc, "between activates of one bank").range(0, 1e-6);
  table.add("t_rfc", &Params::t_rfc, "refresh, during which a channel stands still").range(0, 1e-5);
  constexpr double never = std::numeric_limits<double>::infinity();
  table.add("t_refi", &Params::t_refi, "time between refreshes ('inf': no refresh)")
      .range(1e-7, never);
  table
      .add("t_turnaround", &Params::t_turnaround,
           "idle bus between reading and writing, mean of both directions")
      .range(0, 1e-6);
  table
      .add("turnaround_batch", &Params::turnaround_batch,
           "bytes that a channel gathers for one direction before it turns the bus")
      .range(1, 1 << 20);
  table.add("t_controller", &Params::t_controller, "controller and PHY, request to command")
      .range(0, 1e-6);
  table.add("queue_depth", &Params::queue_depth, "transfers accepted and not finished")
      .range(1, 4096);
}

Hbm::Hbm(const Params& params, const BlockContext&) : p_(params) {
  if (p_.t_rp + p_.t_rfc + p_.t_rcd >= p_.t_refi) {
    throw InputError(
        "hbm: t_rp + t_rfc + t_rcd must be less than t_refi, or refresh takes all the time");
  }
}

BytesPerSecond Hbm::sustained_bandwidth() const {
  return peak_bandwidth() * (1 - p_.t_rfc / p_.t_refi);
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
