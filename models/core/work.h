// Work for a compute core, item by item, and where it comes from.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>

#include "models/base/clock.h"
#include "models/core/tile_timing.h"

namespace simdse {

/// Where addresses of the buffer begin as cores and network see them: memory below, buffer above.
constexpr std::int64_t kBufferBase = std::int64_t{1} << 60;
constexpr bool is_in_buffer(std::int64_t address) { return address >= kBufferBase; }

/// Bytes that a core moves.
struct WorkTransfer {
  std::int64_t address = 0;
  std::int64_t bytes = 0;
};

/// What one item loads or stores, without a trip to the heap for as few as there mostly are.
using WorkTransfers = boost::container::small_vector<WorkTransfer, 4>;

/// One item: load, work, and perhaps put out a result.
struct WorkItem {
  TileTiming timing;
  WorkTransfers loads;
  bool starts_output = true;      ///< the first item that adds to an output block
  bool has_output = true;         ///< the item that completes the block
  std::size_t output_places = 2;  ///< blocks like this one that the core holds at most
  WorkTransfers stores;
  double received_bytes = 0;  ///< handed over by another core
  double macs = 0;
  double operations = 0;  ///< instructions of vector lanes, or cycles of PEs

  /// As new, but keeps what memory it has.
  void clear() {
    timing = TileTiming{};
    loads.clear();
    starts_output = has_output = true;
    output_places = 2;
    stores.clear();
    received_bytes = macs = operations = 0;
  }
};

/// Why a core stood still, by what the transfer or permission that it waited for was held up by.
enum class Cause { memory, buffer, network, dispatch, dependency };
constexpr std::size_t kCauseCount = 5;

/// Where a core's work comes from and where its results go. All calls come from the core.
class WorkSource {
 public:
  virtual ~WorkSource() = default;

  /// Fills `item`, which is as new, and returns true, or returns false if there is nothing now;
  /// then whoever holds the source pokes the core when there is.
  virtual bool next(WorkItem& item) = 0;
  /// True when next() will never again return true.
  virtual bool exhausted() const = 0;
  /// Why next() returned false last.
  virtual Cause waiting_for() const = 0;
  /// The operands of the oldest item that was not reported yet are no longer needed.
  virtual void operands_free() = 0;
  /// The oldest item that was handed over by another core has left that core whole.
  virtual void received() {}
  /// True if results go to another core and not to the item's stores.
  virtual bool forwards_output() const = 0;
  /// The result of `item` is there, for another core; it reports back with output_drained().
  virtual void forward(const WorkItem& item) = 0;
  /// Everything is done, stores included.
  virtual void finished() = 0;
};

}  // namespace simdse
