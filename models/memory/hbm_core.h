// Channels of banks with row buffers, refresh and bus turnaround, a run of bursts at a time.
#pragma once

#include <array>
#include <vector>

#include "models/core/interleave.h"
#include "models/core/storage_core.h"
#include "models/memory/hbm.h"

namespace simdse {

/// The aggregated mode: serves each transfer as runs of bursts, one run per channel, and knows the
/// times of a run when it arrives. What a run needs of its channel is reserved, first come, first
/// served, resource by resource:
///   - the data bus, for the time of the run's bursts;
///   - places for activates: tRRD_S after the one before, tRRD_L after the one before in the same
///     bank group, and no more than four within tFAW;
///   - the banks, for a row cycle tRC, and until their row may be closed: tRTP after the last read
///     command, tWR after the last written data, and then tRP;
///   - the bank groups' column paths, tCCD_L for each burst, if that is more than a burst's time.
/// A run that waits for one of these lets later runs use the others meanwhile, as reordering
/// controllers do. Commands go on while the bus is still busy with earlier runs.
///
/// A change of direction costs the bus the turnaround: tWTR and CL between written and read data,
/// tRTW the other way. Controllers gather writes and turn once for a batch of `write_high` -
/// `write_low` of them: while reads wait as well, writes of x bytes pay x / batch of both turns,
/// and those that follow each other pay no more than both turns together. Every tREFI all channels
/// close their rows and stand still for tRFC.
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
    /// Commands: next access to the open row, and earliest activate of another row.
    Picoseconds column_at = kLongAgo;
    Picoseconds ready_at = kLongAgo;
  };
  struct Group {
    Picoseconds activate_at = kLongAgo;  ///< earliest next activate
    Picoseconds free_at = 0;             ///< data: the column path
  };
  struct Channel {
    Picoseconds free_at = 0;                                ///< data bus
    Picoseconds next_refresh = kNever;                      ///< command
    Picoseconds refreshed_at = 0;                           ///< command: end of the last refresh
    std::array<Picoseconds, 2> end = {kLongAgo, kLongAgo};  ///< of the last data read, written
    std::int64_t written = 0;  ///< bytes since the last change of direction, up to a batch
    bool was_write = false;
    std::array<Picoseconds, 4> activates{kLongAgo, kLongAgo, kLongAgo, kLongAgo};
    std::uint32_t oldest_activate = 0;  ///< modulo 4
  };
  /// What differs between reads and writes.
  struct Direction {
    Picoseconds t_rcd = 0;         ///< activate to column command
    Picoseconds delay = 0;         ///< column command to data
    Picoseconds recovery = 0;      ///< a row's last column command to its precharge
    Picoseconds turn = 0;          ///< idle bus after data of the other direction
    Picoseconds row_period = 0;    ///< from row to row of a long run
    Picoseconds exposed = 0;       ///< what of it is not data
    Picoseconds reopen = 0;        ///< from a long run's last command in a row to the next activate
    std::int64_t window_rows = 0;  ///< rows of a long run that one window of activates spans
  };
  static Direction direction(const Hbm& hbm, bool is_write);

  StorageSpan serve_run(std::int64_t index, Picoseconds now, bool is_write, std::int64_t bytes,
                        std::int64_t first);
  /// When a column command to `row` can follow, asked for at `command`; opens the row if need be.
  Picoseconds open(Channel& channel, Group& group, Bank& bank, std::int64_t row,
                   Picoseconds command, const Direction& d) const;
  /// Earliest data of a run on the bus, as far as its direction is concerned.
  Picoseconds turn_bus(Channel& channel, bool is_write, std::int64_t bytes, Picoseconds data) const;
  /// Time of so many bursts on one channel's bus, and of a run of them by itself.
  struct RunTime {
    Picoseconds bus;
    Picoseconds own;
  };
  RunTime run_time(std::int64_t bursts);
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
  std::vector<Bank> banks_;    ///< of all channels, side by side
  std::vector<Group> groups_;  ///< likewise
  std::size_t queue_depth_;
  std::int64_t bank_count_;  ///< of one channel
  std::int64_t group_count_;
  std::int64_t lanes_;     ///< banks over which bursts take turns
  std::int64_t set_mask_;  ///< lets through the number of a set of such banks
  unsigned row_shift_;     ///< of a row in every lane
  unsigned burst_shift_;
  std::int64_t batch_;       ///< bytes written at a time
  double bus_period_;        ///< picoseconds of a burst, not whole at every pin rate ...
  double own_period_;        ///< ... and from burst to burst of one run
  Picoseconds column_time_;  ///< of a burst in its group's column path; 0: never binds
  Picoseconds t_rp_, t_rrd_s_, t_rrd_l_, t_faw_, t_rc_, t_rfc_, t_refi_, t_controller_;
  std::array<Direction, 2> directions_;  ///< read, write
  // The time of the last size asked for: the runs of a transfer are nearly all equal.
  std::int64_t known_bursts_ = -1;
  RunTime known_time_{};
  OccupancyObserver* observer_ = nullptr;
};

}  // namespace simdse
