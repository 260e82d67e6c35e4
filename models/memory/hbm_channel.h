// One channel of banks with row buffers, refresh and bus turnaround, a run of bursts at a time.
#pragma once

#include <array>
#include <vector>

#include "models/base/clock.h"
#include "models/core/storage_core.h"
#include "models/memory/hbm.h"

namespace simdse {

/// Times of a memory's channels in picoseconds, and how addresses lie in rows: what all its
/// channels have in common.
struct HbmTiming {
  explicit HbmTiming(const Hbm& hbm);

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

  std::int64_t banks;
  std::int64_t groups;
  std::int64_t lanes;  ///< banks over which bursts take turns
  BankSets sets;       ///< of such banks
  unsigned row_shift;  ///< of a row in every lane
  unsigned burst_shift;
  std::int64_t batch;       ///< bytes written at a time
  double bus_period;        ///< picoseconds of a burst, not whole at every pin rate ...
  double own_period;        ///< ... and from burst to burst of one run
  Picoseconds column_time;  ///< of a burst in its group's column path; 0: never binds
  Picoseconds t_rp, t_rrd_s, t_rrd_l, t_faw, t_rc, t_rfc, t_refi, t_controller;
  std::array<Direction, 2> directions;  ///< read, write
};

/// Bursts that follow each other on one channel.
struct HbmRun {
  bool is_write = false;
  std::int64_t first = 0;  ///< byte, in the channel's own dense address space
  std::int64_t bytes = 0;
  Picoseconds bus_time = 0;  ///< of the bursts on the data pins
  Picoseconds own_time = 0;  ///< and of the run by itself, column commands included
};

/// A value: channels to which the same has happened are equal.
class HbmChannel {
 public:
  explicit HbmChannel(const HbmTiming& timing);

  StorageSpan serve(const HbmTiming& t, Picoseconds now, const HbmRun& run);

  /// When the data bus is free again.
  Picoseconds free_at() const { return free_at_; }
  void delay(Picoseconds by) { free_at_ += by; }

 private:
  /// Long before anything that a run can ask for.
  static constexpr Picoseconds kLongAgo = -kNever / 4;

  /// A row that another one of its bank waits for.
  struct ClosingRow {
    std::int64_t row = -1;
    Picoseconds column_at = kLongAgo;  ///< as of a Bank
    Picoseconds closes_at = kLongAgo;  ///< command: its precharge
  };
  /// So many of each bank are known: a controller's queue, 32 bursts of 64 B by default, holds no
  /// more visits of one granule, 256 B.
  static constexpr unsigned kClosingRows = 8;
  struct Bank {
    std::int64_t open_row = -1;  ///< -1: none
    /// Commands: next access to the open row, and earliest activate of another row.
    Picoseconds column_at = kLongAgo;
    Picoseconds ready_at = kLongAgo;
    std::array<ClosingRow, kClosingRows> closing;  ///< a ring of the last ones before the open row
    unsigned closed = 0;                           ///< how many there have been

    /// The one `age` rows before the open one.
    ClosingRow& last_closing(unsigned age = 0) {
      return closing[(closed - 1 - age) % kClosingRows];
    }
    void add_closing(const ClosingRow& row) { closing[closed++ % kClosingRows] = row; }

    void set_open(std::int64_t row, Picoseconds column, Picoseconds ready) {
      open_row = row;
      column_at = column;
      ready_at = ready;
    }
  };
  struct Group {
    Picoseconds activate_at = kLongAgo;  ///< earliest next activate
    Picoseconds free_at = 0;             ///< data: the column path
  };

  /// serve() with or without taking turns over several banks: most memories have no lanes, and
  /// loops over one of them are a quarter of the work.
  template <bool kHasLanes>
  StorageSpan serve_over(const HbmTiming& t, Picoseconds now, const HbmRun& run);
  /// When a column command to a bank's `row` can follow, asked for at `command`; opens the row if
  /// need be. `bursts` are the run's in that row.
  Picoseconds open(const HbmTiming& t, std::int64_t bank, std::int64_t row, Picoseconds command,
                   std::int64_t bursts, const HbmTiming::Direction& d);
  /// Has a run join what was asked of a row that is no longer the last one of its bank, if at
  /// `command` it is still open or yet to be opened, and puts off what follows there. Returns when
  /// a column command can follow, or kNever.
  [[gnu::noinline]] Picoseconds join(const HbmTiming& t, Bank& bank, std::int64_t row,
                                     Picoseconds command, std::int64_t bursts,
                                     const HbmTiming::Direction& d);
  /// Earliest data of a run on the bus, as far as its direction is concerned.
  Picoseconds turn_bus(const HbmTiming& t, bool is_write, std::int64_t bytes, Picoseconds data);
  /// Lets the refreshes begin that are due by the command time `time`.
  void refresh(const HbmTiming& t, Picoseconds time) {
    if (next_refresh_ <= time) begin_refresh(t, time);
  }
  void begin_refresh(const HbmTiming& t, Picoseconds time);
  /// When the channel has room for another activate, asked for at `command`.
  Picoseconds activate_slot(const HbmTiming& t, Picoseconds command);
  void note_activate(Picoseconds time) { activates_[oldest_activate_++ % 4] = time; }

  Picoseconds free_at_ = 0;                                ///< data bus
  Picoseconds next_refresh_ = kNever;                      ///< command
  Picoseconds refreshed_at_ = 0;                           ///< command: end of the last refresh
  std::array<Picoseconds, 2> end_ = {kLongAgo, kLongAgo};  ///< of the last data read, written
  std::int64_t written_ = 0;  ///< bytes since the last change of direction, up to a batch
  bool was_write_ = false;
  std::array<Picoseconds, 4> activates_{kLongAgo, kLongAgo, kLongAgo, kLongAgo};
  std::uint32_t oldest_activate_ = 0;  ///< modulo 4
  std::vector<Bank> banks_;
  std::vector<Group> groups_;
};

}  // namespace simdse
