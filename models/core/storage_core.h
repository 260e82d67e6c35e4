// What a memory or buffer does with the transfers that reach it: policy and state, without a
// kernel.
#pragma once

#include <cstdint>

#include "models/base/clock.h"
#include "models/core/occupancy.h"

namespace simdse {

/// One transfer at a storage.
struct StorageRequest {
  bool is_write = false;
  std::int64_t address = 0;
  std::int64_t bytes = 0;
  std::uint32_t stream = 0;  ///< which of the regions running now it belongs to
};

/// When a storage's data begins and ends to flow.
struct StorageSpan {
  Picoseconds head = 0;
  Picoseconds tail = 0;
};

class StorageCore {
 public:
  virtual ~StorageCore() = default;

  /// Serves requests in the order of the calls; `now` never goes back. Requests that use the same
  /// bank or channel follow each other there.
  virtual StorageSpan serve(Picoseconds now, const StorageRequest& request) = 0;

  /// Requests that may be accepted and not finished at any time.
  virtual std::size_t queue_depth() const = 0;

  /// Who is told of every bank's or channel's busy times. A storage that is never busy tells
  /// nobody.
  virtual void observe(OccupancyObserver*) {}
};

}  // namespace simdse
