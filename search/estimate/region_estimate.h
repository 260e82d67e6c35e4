// The analytic time of one region that has the chip to itself.
#pragma once

#include <array>
#include <cstdint>

#include "search/estimate/part_chain.h"
#include "search/estimate/ring_fill.h"
#include "search/plan/part_program.h"

namespace simdse {

/// What can bound a region.
enum class Resource {
  matrix,   ///< tensor cores
  vector,   ///< vector cores
  port,     ///< a core's port to the network
  network,  ///< the network's ports to buffer and memory
  buffer,   ///< banks of the global buffer
  memory,   ///< channels of the memory
};
constexpr std::size_t kResourceCount = 6;

const char* resource_name(Resource resource);

/// Data rates of a chip in bytes per cycle of its clock, and latencies in cycles.
struct ChipRates {
  double port = 0;
  double network_buffer = 0;
  double network_memory = 0;
  double buffer = 0;
  double memory = 0;
  double turnaround = 0;   ///< cycles that memory loses when it turns to writing and back
  double write_batch = 0;  ///< bytes that all its channels write before they turn back
  double noc_latency = 0;
  double buffer_latency = 0;
  double memory_latency = 0;
  double launch = 0;  ///< command to start, and end to its being known

  static ChipRates of(const Chip& chip);
};

/// One bound: the time a resource needs for all that the region asks of it. `traffic` is what sets
/// that time: for the ports, what one core moves in its busier direction; for the network, what
/// passes the side (buffer or memory) and direction that takes longest; else all that the region
/// moves.
struct Bound {
  double cycles = 0;
  Bytes traffic;
};

/// What waiting does to a region, when one of the things that it shares lets every transfer wait
/// for others' for some `wait` cycles: the region then takes at least `cycles` + `waits` x wait.
/// Waits that work hides while they are short count in full, so the larger of this and the time
/// without any wait is what a wait of that length leaves.
struct Patience {
  double cycles = 0;
  double waits = 0;  ///< transfers that are waited for one after another
};

/// cycles = launch + bound of `pace` + `latency`, where `pace` is the resource for which that is
/// most. Cores wait for the first blocks, which `startup` fetches through all levels, then stand
/// still for `exposed` cycles in all, because operands, the other kind of core or places for
/// results come late, and wait for the last result, which `drain` stores: their latency is startup
/// + exposed + drain. Data movers are busy from the start to the end: theirs is one way through the
/// network and the memory, and of memory also what it rests while the first and the last block are
/// worked on. With single buffering, a core's latency is all its loads (`startup`) and stores
/// (`drain`), and what passes between cores (`exposed`, less what the cores do at the same time).
struct RegionEstimate {
  std::array<Bound, kResourceCount> bounds;
  double turning = 0;  ///< cycles of memory's bound in which its bus turns
  double launch = 0;
  double startup = 0;
  double exposed = 0;
  double drain = 0;
  Resource pace = Resource::matrix;
  double latency = 0;
  double cycles = 0;
  Patience with_memory;                        ///< where memory lets transfers wait
  Patience with_buffer;                        ///< where the buffer does
  std::array<Patience, kWayCount> with_way{};  ///< where a way through the network does
  std::array<double, kWayCount> way_cycles{};  ///< what passes a way over its rate
  /// How often a core's window of transfers under way (see TransferLimits) is filled for the
  /// busiest core: at least so many waits.
  double core_windows = 0;
  RegionPhases phases;  ///< of `cycles`
  Resource binding = Resource::matrix;
  std::int64_t macs = 0;
  std::int64_t vector_operations = 0;
  double vector_bytes = 0;   ///< in and out of vector cores
  double network_bytes = 0;  ///< through the network

  const Bound& bound(Resource resource) const { return bounds[static_cast<std::size_t>(resource)]; }
};

RegionEstimate estimate_region(const Chip& chip, const ChipRates& rates, const Region& region);

/// `cycles` of the same, sooner: what waiting would do to the region is not worked out.
double region_cycles(const Chip& chip, const ChipRates& rates, const Region& region);

}  // namespace simdse
