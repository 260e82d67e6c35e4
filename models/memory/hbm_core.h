// Channels of banks with row buffers, refresh and bus turnaround.
#pragma once

#include <array>
#include <vector>

#include "models/core/interleave.h"
#include "models/core/storage_core.h"
#include "models/memory/hbm.h"

namespace simdse {

/// Serves each transfer as runs of bursts, one run per channel. The data bus of a channel gives its
/// time to runs first come, first served. What comes before the data goes on while the bus is still
/// busy with earlier runs, from the moment at which the controller has the request:
///   - closing the row that is open in the bank, tRP after its last use;
///   - an activate: tRRD after the one before, no more than four within tFAW, tRC after the last of
///     the same bank;
///   - tRCD from there to the column command, and tCL to the data.
/// A run that waits for its bank lets later runs pass, as reordering controllers do: it delays
/// neither their activates nor their data.
/// A run that changes the bus's direction pays the turnaround, and so does every row after a run's
/// first as far as the other banks' transfers don't hide it. Controllers gather `turnaround_batch`
/// bytes of one direction before they turn the bus: runs of x bytes that arrive in alternation then
/// share one turn per batch, which is x / batch of a turn for each change of direction.
/// Every tREFI a channel closes its rows and stands still for tRFC, staggered over the channels.
/// Commands precede data by tCL throughout; times here are those of the bus unless they say so.
class HbmCore : public StorageCore {
 public:
  explicit HbmCore(const Hbm& hbm);

  StorageSpan serve(Picoseconds now, const StorageRequest& request) override;
  std::size_t queue_depth() const override { return queue_depth_; }
  void observe(OccupancyObserver* observer) override { observer_ = observer; }

 private:
  /// Long before anything that a run can ask for.
  static constexpr Picoseconds kLongAgo = -kNever / 4;

  using Times = std::vector<Picoseconds>;

  /// Of each channel. Neighbours' values lie side by side here and below: a transfer asks the same
  /// of many channels, and is worked out for several of them at a time.
  struct Channels {
    Times free_at;
    Times next_refresh;                 ///< command
    Times refreshed_at;                 ///< command: end of the last refresh
    std::array<Times, 4> activates;     ///< commands: the last four, the oldest first
    std::vector<std::int64_t> last_is;  ///< kRead, kWrite or kUnused
  };
  static constexpr std::int64_t kRead = 0, kWrite = 1, kUnused = 2;

  /// Of bank b of channel c, at b * channels + c. Commands: next access to the open row, and
  /// earliest activate of another row. tRC after the last activate, and tRP after the last access.
  struct Banks {
    std::vector<std::int64_t> open_row;  ///< -1: none
    Times column_at;
    Times ready_at;
  };

  /// What a transfer asks of each of some neighbouring channels.
  struct Run {
    bool is_write = false;
    std::int64_t row = 0;      ///< the first
    std::int64_t rows = 0;     ///< that the data lies in
    Picoseconds arrival = 0;   ///< at the command bus
    Picoseconds turn = 0;      ///< what a change of direction costs
    Picoseconds bus_time = 0;  ///< of the data, with the changes of row that nothing hides
  };

  /// What becomes of a run in each channel of a band, before it is done.
  struct Outcome {
    Times start;  ///< of the data
    Times finish;
    Times bank_lag;                      ///< how much of `start` its own bank alone is to blame for
    Times activate;                      ///< command slot of the first row's activate
    Times ready_at;                      ///< of the first row's bank
    std::vector<std::int64_t> is_miss;   ///< a mask: 0 or -1
    std::vector<std::int64_t> open_row;  ///< of the first row's bank, afterwards
    std::vector<std::int64_t> is_refreshed;  ///< a mask: a refresh comes before or during the run
  };

  StorageSpan serve_band(std::int64_t channel, std::int64_t channels, const Run& run);
  /// Works out `run` in `count` channels from `channel` on, into places `first` ... of outcome_,
  /// as if none were to refresh. True if some are.
  bool work_out(std::int64_t channel, std::int64_t count, std::size_t first, const Run& run);
  /// The same in one channel that is to refresh, before or during the run.
  void work_out_with_refresh(std::int64_t channel, std::size_t place, const Run& run);
  /// Makes outcome_ the channels' state.
  StorageSpan apply(std::int64_t channel, std::int64_t count, const Run& run);
  /// The same for the rows after the first.
  void apply_further_rows(std::int64_t channel, std::int64_t count, const Run& run);

  /// Time of the bursts that `bytes` take on one channel's bus.
  Picoseconds transfer_time(std::int64_t bytes);
  /// Lets the refreshes begin that are due by the command time `time`.
  void refresh(std::int64_t channel, Picoseconds time);
  std::int64_t bank_of(std::int64_t row) const { return (row & bank_mask_) * channel_count_; }

  Interleave interleave_;
  Channels channels_;
  Banks banks_;
  Outcome outcome_;
  std::size_t queue_depth_;
  std::int64_t channel_count_;
  std::int64_t bank_count_;  ///< of one channel
  std::int64_t bank_mask_;
  unsigned row_shift_;
  std::int64_t burst_bytes_;
  std::int64_t turnaround_batch_;
  double burst_time_;  // picoseconds, not whole at every pin rate
  Picoseconds t_rcd_, t_rp_, t_cl_, t_rrd_, t_faw_, t_rc_, t_rfc_, t_refi_, t_turnaround_,
      t_controller_;
  Picoseconds row_period_;          ///< from row to row of a long run
  Picoseconds exposed_row_change_;  ///< what of it is not data
  Picoseconds reopen_;        ///< from a long run's last command in a row to the next activate
  std::int64_t window_rows_;  ///< rows of a long run that one window of activates spans
  // The time of the last size asked for: the runs of a transfer are nearly all equal.
  std::int64_t known_bytes_ = -1;
  Picoseconds known_time_ = 0;
  OccupancyObserver* observer_ = nullptr;
};

}  // namespace simdse
