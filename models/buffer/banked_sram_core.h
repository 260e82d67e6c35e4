// Banks whose ports serve one transfer at a time each.
#pragma once

#include <vector>

#include "models/buffer/buffer.h"
#include "models/core/interleave.h"
#include "models/core/storage_core.h"

namespace simdse {

class BankedSramCore : public StorageCore {
 public:
  BankedSramCore(const Buffer& buffer, const Clock& clock);

  StorageSpan serve(Picoseconds now, const StorageRequest& request) override;
  std::size_t queue_depth() const override { return queue_depth_; }
  void observe(OccupancyObserver* observer) override { observer_ = observer; }

 private:
  Clock clock_;
  Interleave interleave_;
  std::int64_t ports_;
  std::vector<Picoseconds> free_at_;  ///< when each port has served what it took on; bank-major
  double bank_width_;
  Picoseconds latency_;
  std::size_t queue_depth_;
  OccupancyObserver* observer_ = nullptr;
  // The spans of the last piece size, since nearly all pieces of a transfer are equal.
  std::int64_t known_bytes_ = -1;
  Picoseconds known_span_ = 0;
};

}  // namespace simdse
