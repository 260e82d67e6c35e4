// What a memory or buffer does with the transfers that reach it: policy and state, without a
// kernel.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "models/base/clock.h"
#include "models/base/timed.h"
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

  /// Takes in a part of the same transfer.
  void add(const StorageSpan& part) {
    head = std::min(head, part.head);
    tail = std::max(tail, part.tail);
  }
};

/// Who has transfers served by a DeferredStorage.
class StorageClient {
 public:
  virtual ~StorageClient() = default;
  /// The data of the transfer submitted as `tag` flows in `span`, now or later.
  virtual void served(std::uint64_t tag, const StorageSpan& span) = 0;
};

/// A storage that finds out while it works when a transfer's data flows, and then tells.
class DeferredStorage {
 public:
  virtual ~DeferredStorage() = default;
  /// Before the simulation starts: who keeps time, this storage's hierarchical name, and whom to
  /// tell.
  virtual void attach(TimeService& time, const std::string& name, StorageClient& client) = 0;
  /// Takes a request; the client is told of `tag` once for each, after this call has returned.
  virtual void submit(Picoseconds now, const StorageRequest& request, std::uint64_t tag) = 0;
};

class StorageCore {
 public:
  virtual ~StorageCore() = default;

  /// What to use in place of serve() when the answer is not known at once; nullptr if it is.
  virtual DeferredStorage* deferred() { return nullptr; }

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
