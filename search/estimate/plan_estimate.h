// The analytic time of a whole Plan. Regions that run at the same time share memory, buffer and
// network in proportion to what they ask for; all other contention is left to the simulation.
#pragma once

#include <array>
#include <vector>

#include "models/chip/energy.h"
#include "search/estimate/region_estimate.h"
#include "search/estimate/sharing.h"
#include "search/mapping/cost_calls.h"

namespace simdse {

/// What regions side by side share, in the order of Sharer: the memory, the buffer, and the ways
/// through the network in the order of Way.
constexpr std::size_t kSharedMemory = 0;
constexpr std::size_t kSharedBuffer = 1;
constexpr std::size_t kSharedWays = 2;
static_assert(kSharedWays + kWayCount == kSharedCount);
constexpr std::array<Resource, kSharedCount> kShared = {Resource::memory,  Resource::buffer,
                                                        Resource::network, Resource::network,
                                                        Resource::network, Resource::network};

struct RegionSpan {
  double start = 0;
  double finish = 0;
  /// Cycles lost to others that ran at the same time, at each of the shared resources: what
  /// finish - start is more than the region alone takes.
  std::array<double, kSharedCount> lost{};
};

struct PlanEstimate {
  std::vector<RegionEstimate> regions;
  std::vector<RegionSpan> spans;
  double cycles = 0;
  Seconds time;
  /// The same if every region had memory, buffer and network to itself.
  double contention_free_cycles = 0;
  /// Share of the time that each resource binds, along the chain of regions that makes the time:
  /// matrix, vector, ..., then launch and waiting. Sums to 1.
  std::array<double, kResourceCount + 1> breakdown{};
  /// The regions of that chain, last first.
  std::vector<RegionId> chain;
  Joules energy;
  ActionCounts actions;
  double macs = 0;
};

/// Regions that differ count as one call each.
PlanEstimate estimate_plan(const Chip& chip, const Plan& plan, CostCalls* calls = nullptr);

}  // namespace simdse
