// Resources that serve one thing at a time, and whoever wants to watch them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "models/base/clock.h"

namespace simdse {

/// Told of every span in which a resource is busy.
class OccupancyObserver {
 public:
  virtual ~OccupancyObserver() = default;
  virtual void busy(std::int64_t resource, Picoseconds start, Picoseconds finish,
                    std::int64_t bytes) = 0;
};

/// When each of some equal resources (banks, ports, channels) is free again. Whoever reserves first
/// is served first.
class Reservations {
 public:
  explicit Reservations(std::int64_t count) : free_at_(static_cast<std::size_t>(count)) {}

  struct Span {
    Picoseconds start;
    Picoseconds finish;
  };

  /// Occupies `resource` for `duration`, from `earliest` or when it is free.
  Span reserve(std::int64_t resource, Picoseconds earliest, Picoseconds duration) {
    Picoseconds& free_at = free_at_[static_cast<std::size_t>(resource)];
    const Picoseconds start = std::max(earliest, free_at);
    free_at = start + duration;
    return {start, free_at};
  }

 private:
  std::vector<Picoseconds> free_at_;
};

}  // namespace simdse
