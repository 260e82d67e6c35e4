// The analytic time of one region that has the chip to itself.
#pragma once

#include <array>
#include <cstdint>

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
  double noc_latency = 0;
  double buffer_latency = 0;
  double memory_latency = 0;
  double launch = 0;  ///< command to start, and end to its being known

  static ChipRates of(const Chip& chip);
};

/// One bound: the time a resource needs for all that the region asks of it. `traffic` is what sets
/// that time: for the ports, what one core moves in its busier direction; for the network, what
/// passes the side (buffer or memory) that takes longer; else all that the region moves.
struct Bound {
  double cycles = 0;
  Bytes traffic;
};

/// cycles = launch + bound of `pace` + `latency`, where `pace` is the resource for which that is
/// most. Cores wait for the first blocks, which `startup` fetches through all levels; behind the
/// busier kind of core the other has its `last_block`, which `drain` stores: their latency is
/// startup + last_block + drain. Data movers are busy from the start to the end: theirs is one way
/// through the network and the memory. With single buffering, a core's latency is all its loads
/// (`startup`) and stores (`drain`), and what passes between cores (`last_block`, less what the
/// cores do at the same time).
struct RegionEstimate {
  std::array<Bound, kResourceCount> bounds;
  double launch = 0;
  double startup = 0;
  double last_block = 0;
  double drain = 0;
  Resource pace = Resource::matrix;
  double latency = 0;
  double cycles = 0;
  Resource binding = Resource::matrix;
  std::int64_t macs = 0;
  std::int64_t vector_operations = 0;
  double vector_bytes = 0;   ///< in and out of vector cores
  double network_bytes = 0;  ///< through the network

  const Bound& bound(Resource resource) const { return bounds[static_cast<std::size_t>(resource)]; }
};

RegionEstimate estimate_region(const Chip& chip, const ChipRates& rates, const Region& region);

}  // namespace simdse
