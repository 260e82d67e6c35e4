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

  struct Bank {
    std::int64_t open_row = -1;  ///< -1: none
    /// Commands: next access to the open row, and earliest activate of another row. tRC after the
    /// last activate, and tRP after the last access.
    Picoseconds column_at = kLongAgo;
    Picoseconds ready_at = kLongAgo;
  };
  struct Channel {
    Picoseconds free_at = 0;
    Picoseconds next_refresh = kNever;  ///< command
    Picoseconds refreshed_at = 0;       ///< command: end of the last refresh
    bool is_used = false;
    bool was_write = false;
    std::array<Picoseconds, 4> activates{kLongAgo, kLongAgo, kLongAgo, kLongAgo};
    std::uint32_t oldest_activate = 0;  ///< modulo 4
  };

  StorageSpan serve_run(std::int64_t index, Picoseconds now, bool is_write, std::int64_t bytes,
                        std::int64_t first);
  /// Time of the bursts that `bytes` take on one channel's bus.
  Picoseconds transfer_time(std::int64_t bytes);
  /// Lets the refreshes begin that are due by the command time `time`.
  void refresh(std::int64_t index, Picoseconds time) {
    if (channels_[static_cast<std::size_t>(index)].next_refresh <= time) begin_refresh(index, time);
  }
  void begin_refresh(std::int64_t index, Picoseconds time);
  Bank* banks_of(std::int64_t channel) { return banks_.data() + channel * bank_count_; }
  /// When the channel has room for another activate, asked for at `command`.
  Picoseconds activate_slot(Channel& channel, Picoseconds command) const;
  static void note_activate(Channel& channel, Picoseconds time) {
    channel.activates[channel.oldest_activate++ % 4] = time;
  }

  Interleave interleave_;
  std::vector<Channel> channels_;
  std::vector<Bank> banks_;  ///< of all channels, side by side
  std::size_t queue_depth_;
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
