// Speeds of regions that run at the same time: the first-order term of contention.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace simdse {

/// What regions share on a chip: memory, buffer, and the network's ports to each, in either
/// direction (Way).
constexpr std::size_t kSharedCount = 6;

/// How a region answers when a shared resource lets each of its transfers wait for those of others.
/// A wait of w cycles stretches its time to max(1, base + waits x w) times that of the region
/// alone.
struct Response {
  double base = 0;
  double waits = 0;  ///< per cycle of the region alone
};

/// One region that runs.
struct Sharer {
  /// Share of each resource that it takes when it runs at its own full speed.
  std::array<double, kSharedCount> demand{};
  std::array<Response, kSharedCount> responses{};
};

/// What a region gets.
struct Share {
  double speed = 1;           ///< 1: as if alone
  std::size_t slowed_by = 0;  ///< the resource that makes it slowest, if it is slower than alone
};

/// Speeds at which regions run side by side: `shares` of `sharers`, in their order.
///
/// A queue served first come, first served lets everyone wait equally long: until all that is
/// queued before has been served. Whoever waits asks for nothing new meanwhile, for only so many of
/// its transfers are under way at a time (two steps' operands, places for results, windows). So a
/// resource that is asked for more than it has makes everyone wait just so long that what they
/// still ask for is what it has:
///
///   sum over regions of demand x speed(wait) = 1,  speed(wait) = 1 / max(1, base + waits x wait)
///
/// (a closed queueing network's throughput law: Denning and Buzen, The operational analysis of
/// queueing network models, ACM Computing Surveys 1978). Regions with much under way keep their
/// pace, those that wait for every transfer lose theirs. With several resources, what slows a
/// region at one is not asked of the others; a region is as slow as the worst of them makes it.
/// False if the waits at the resources, worked out in turn, have not settled, as for 2 in 1000 of
/// the test's random regions, which drive each other in circles; the speeds are then those of one
/// round of the circle, lowered where a resource would be asked for more than it has.
bool share_speeds(const std::vector<Sharer>& sharers, std::vector<Share>& shares);

}  // namespace simdse
