#include "models/buffer/banked_sram.h"

#include <algorithm>
#include <cmath>

#include "models/technology/technology.h"

namespace simdse {

void BankedSram::Params::declare(ParamTable<Params>& table) {
  constexpr std::int64_t mib = 1 << 20;
  table.add("capacity", &Params::capacity, "capacity of all banks")
      .range(1 << 16, 1024.0 * mib)
      .search({2 * mib, 4 * mib, 8 * mib, 16 * mib, 24 * mib, 32 * mib, 48 * mib, 64 * mib,
               128 * mib, 256 * mib});
  table.add("banks", &Params::banks, "independent banks").range(1, 1024);
  table.add("ports", &Params::ports, "ports of a bank, each for reads and writes")
      .range(1, 2)
      .search({1, 2});
  table.add("bank_width", &Params::bank_width, "bytes that one port moves per cycle")
      .range(1, 4096);
  table.add("interleave", &Params::interleave, "bytes in one bank before the next bank's turn")
      .range(16, 1 << 24)
      .powers_of_two();
  table.add("latency", &Params::latency, "cycles from a request to its first data").range(0, 1000);
  table
      .add("queue_depth", &Params::queue_depth,
           "transfers, of up to 512 KiB, accepted and not finished, per bank")
      .range(1, 4096);
}

BlockCost BankedSram::cost(const Technology& technology) const {
  BlockCost cost;
  // A bank that moves more than one array's access at a time is made of several arrays.
  const auto arrays_per_bank = static_cast<std::int64_t>(
      std::max(1.0, std::ceil(p_.bank_width.value() / Technology::kSramAccess)));
  const Technology::PortFactors factors = technology.port_factors(p_.ports);
  cost.area = {
      {"banks", technology.sram_area(p_.capacity, p_.banks * arrays_per_bank) * factors.area}};
  constexpr double bytes_per_mib = 1024 * 1024;
  cost.static_power =
      technology.sram_leakage_per_mib * (to_double(p_.capacity) / bytes_per_mib * factors.leakage);
  cost.actions = {
      {"byte",
       technology.sram_energy_per_byte(Bytes(p_.capacity.value() / p_.banks)) * factors.energy,
       (bandwidth() * clock_.frequency()).value()}};
  return cost;
}

namespace {
const RegisterBlock<BankedSram> registration("buffer", "banked_sram",
                                             "SRAM banks of one or two ports, interleaved");
}

}  // namespace simdse
