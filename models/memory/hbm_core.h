// Channels of banks with row buffers, refresh and bus turnaround.
#pragma once

#include <vector>

#include "models/core/interleave.h"
#include "models/core/storage_core.h"
#include "models/memory/hbm.h"

namespace simdse {

/// Serves each transfer as runs of bursts, one run per channel. Within a channel runs follow each
/// other first come, first served. A run waits for
///   - the row, if the channel was idle: tCL on a hit, tRCD + tCL if no row was open, tRP + tRCD +
///   tCL
///     if another was; behind other runs this is hidden, unless the bank is the one in use;
///   - the bus turnaround, if the direction changes: in proportion for a run that is shorter than
///   the
///     batch that the scheduler gathers before it turns the bus;
///   - refresh: tRFC every tREFI, staggered over the channels, after which all rows are closed.
/// Row changes within a run are hidden behind the other banks' transfers as far as those last.
class HbmCore : public StorageCore {
 public:
  explicit HbmCore(const Hbm& hbm);

  StorageSpan serve(Picoseconds now, const StorageRequest& request) override;
  std::size_t queue_depth() const override { return queue_depth_; }
  void observe(OccupancyObserver* observer) override { observer_ = observer; }

 private:
  struct Channel {
    Picoseconds free_at = 0;
    Picoseconds next_refresh = kNever;
    bool was_write = false;
    std::int64_t last_bank = -1;
    std::vector<std::int64_t> open_rows;  ///< by bank; -1: none
  };

  StorageSpan serve_run(Channel& channel, Picoseconds now, bool is_write, std::int64_t bytes,
                        std::int64_t first);
  /// Time of the bursts that `bytes` take on one channel's bus.
  Picoseconds transfer_time(std::int64_t bytes);
  /// Moves `time` behind a refresh that is under way or was due before.
  Picoseconds after_refresh(Channel& channel, Picoseconds time);

  Interleave interleave_;
  std::vector<Channel> channels_;
  std::size_t queue_depth_;
  std::int64_t banks_;
  std::int64_t bank_mask_;
  unsigned row_shift_;
  std::int64_t burst_bytes_;
  std::int64_t turnaround_batch_;
  double burst_time_;  // picoseconds, not whole at every pin rate
  Picoseconds t_rcd_, t_rp_, t_cl_, t_rfc_, t_refi_, t_turnaround_, t_controller_;
  Picoseconds exposed_row_change_;
  // The time of the last size asked for: the runs of a transfer are nearly all equal.
  std::int64_t known_bytes_ = -1;
  Picoseconds known_time_ = 0;
  OccupancyObserver* observer_ = nullptr;
};

}  // namespace simdse
