// Who sends to whom in a load test of a network.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "models/noc/topology.h"

namespace simdse {

/// Random numbers that are the same on every platform (the standard's distributions are not).
class TrafficRandom {
 public:
  explicit TrafficRandom(std::uint64_t seed) : engine_(seed) {}
  /// From 0 to 1, the 1 not included.
  double fraction() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(fraction() * static_cast<double>(bound));
  }

 private:
  std::mt19937_64 engine_;
};

/// A spatial pattern on a network.
///  uniform:   every endpoint sends to all that it is connected to, in equal shares;
///  transpose: every endpoint sends to one other (on a mesh, row and column exchanged);
///  hotspot:   as uniform, but a share of what each endpoint sends goes to one endpoint, the first
///             port of the memory.
class Traffic {
 public:
  enum class Pattern { uniform, transpose, hotspot };
  static const std::vector<std::string>& names();

  /// Throws InputError when the network has no transposition. `hot_share` is the hotspot's.
  Traffic(const Topology& topology, Pattern pattern, double hot_share);

  const Topology& topology() const { return topology_; }

  /// Calls visit(destination, share) for what `source` sends to; shares sum to 1.
  void for_each(std::int64_t source,
                const std::function<void(std::int64_t destination, double share)>& visit) const;
  std::int64_t draw(std::int64_t source, TrafficRandom& random) const;

 private:
  const std::vector<std::int64_t>& reachable(std::int64_t source) const;

  const Topology& topology_;
  Pattern pattern_;
  double hot_share_;
  std::int64_t hot_;
  // Endpoints reach few different sets of others: those of the first endpoint, and the rest's.
  std::vector<std::vector<std::int64_t>> sets_;
  std::vector<std::size_t> set_of_;
};

}  // namespace simdse
