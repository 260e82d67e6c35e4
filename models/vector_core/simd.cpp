#include "models/vector_core/simd.h"

#include <fmt/core.h>

#include "models/technology/technology.h"

namespace simdse {

void Simd::Params::declare(ParamTable<Params>& table) {
  table.add("lanes", &Params::lanes, "SIMD lanes, along which a row is laid")
      .range(1, 4096)
      .powers_of_two()
      .search({256, 128, 64, 32, 16, 8, 4});
  table.add("sublanes", &Params::sublanes, "rows of lanes").range(1, 64).powers_of_two();
  table
      .add("special_cycles", &Params::special_cycles,
           "cycles of one special function (exp, division, root, tanh)")
      .range(1, 64);
  table.add("pipeline_depth", &Params::pipeline_depth, "cycles from issue to result").range(1, 64);
  table.add("memory", &Params::memory, "private memory").range(1 << 12, 1 << 28).powers_of_two();
  table.add_choice("cross_lane", &Params::cross_lane, {"tree", "systolic"},
                   "what reduces a register across its lanes: a tree in log2(lanes) cycles, or a "
                   "systolic unit in `lanes`");
  table.add_choice("buffering", &Params::buffering, {"single", "double"},
                   "whether operands and results move while the lanes work");
}

std::string Simd::label() const { return fmt::format("v{}", p_.lanes * p_.sublanes); }

std::int64_t Simd::reduction_cycles() const {
  if (p_.cross_lane == CrossLane::systolic) return p_.lanes;
  std::int64_t steps = 0;
  while ((std::int64_t{1} << steps) < p_.lanes) ++steps;
  return steps;
}

TileTiming Simd::timing(const VectorShape& tile) const {
  const std::int64_t per_register = tile.alu_ops + tile.special_ops * p_.special_cycles;
  std::int64_t cycles = 0;
  if (tile.reductions == 0) {
    cycles = ceil_div(tile.elements(), p_.lanes * p_.sublanes) * per_register;
  } else {
    cycles = ceil_div(tile.rows, p_.sublanes) * (ceil_div(tile.columns, p_.lanes) * per_register +
                                                 tile.reductions * reduction_cycles());
  }
  const Cycles body(std::max<std::int64_t>(cycles, 1));
  return {Cycles(0), body, body, Cycles(p_.pipeline_depth - 1)};
}

BlockCost Simd::cost(const Technology& technology) const {
  const auto alus = static_cast<double>(p_.lanes * p_.sublanes);
  const double frequency = clock_.frequency().value();
  BlockCost cost;
  const Area lanes = technology.vector_alu_area * alus;
  cost.area = {{"lanes", lanes}, {"vector memory", technology.sram_area(p_.memory, p_.lanes)}};
  constexpr double bytes_per_mib = 1024 * 1024;
  cost.static_power =
      Watts(technology.logic_leakage * lanes.value() +
            technology.sram_leakage_per_mib.value() * to_double(p_.memory) / bytes_per_mib);
  // The private memory is spread over the lanes; a lane takes at most 4 bytes a cycle from it.
  const Bytes per_lane(std::max<std::int64_t>(p_.memory.value() / p_.lanes, 1));
  cost.actions = {{"operation", technology.vector_op_energy, alus * frequency},
                  {"byte", technology.sram_energy_per_byte(per_lane),
                   4 * static_cast<double>(p_.lanes) * frequency}};
  return cost;
}

namespace {
const RegisterBlock<Simd> registration("vector_core", "simd",
                                       "SIMD vector unit with special functions");
}

}  // namespace simdse
