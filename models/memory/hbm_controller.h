// A memory controller that issues every DRAM command of one channel.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "models/memory/hbm.h"

namespace simdse {

/// The timing parameters of an HBM in whole clocks of its command bus, rounded up as JEDEC asks
/// for.
struct HbmClocks {
  explicit HbmClocks(const Hbm& hbm);

  std::int64_t burst;  ///< on the data bus
  std::int64_t cl, cwl, rcd_read, rcd_write, rp, ras, rc, ccd_s, ccd_l, rrd_s, rrd_l, faw, rtp, wr,
      wtr_s, wtr_l, rtw, rfc;
  std::int64_t refi;  ///< kNoRefresh: never
  std::int64_t controller;

  static constexpr std::int64_t kNoRefresh = std::int64_t{1} << 60;
};

/// One command on a channel's command buses.
struct DramCommand {
  enum class Kind { activate, precharge, precharge_all, read, write, refresh };
  Kind kind;
  std::int64_t cycle;
  std::int64_t bank = 0;
  std::int64_t row = 0;
};

/// Who is told of every command.
class DramCommandObserver {
 public:
  virtual ~DramCommandObserver() = default;
  virtual void command(std::int64_t channel, const DramCommand& command) = 0;
};

/// First ready, first come, first served, with open pages. Bursts enter a queue of reads and one of
/// writes in the order of their arrival; the controller reads, except while it drains writes: from
/// `write_high` queued ones, or none to read, down to `write_low`. Each clock it may issue
///   - the oldest column command to an open row whose time has come;
///   - and the oldest activate or precharge whose time has come, for the bursts of the direction in
///     hand first. A row is not closed while a burst of that direction wants it.
/// When a refresh is due, all rows are closed as soon as they may be, and nothing else is issued
/// until it is under way. A write is done when it is in the queue, and a read that finds its bytes
/// in the queue of writes is answered from there.
class HbmController {
 public:
  /// Told what becomes of bursts.
  class Client {
   public:
    virtual ~Client() = default;
    /// The data of a burst of transfer `tag` is on the bus, or with the controller, from cycle
    /// `begin` to `end`.
    virtual void burst_done(std::uint64_t tag, std::int64_t begin, std::int64_t end) = 0;
  };

  HbmController(const Hbm& hbm, std::int64_t channel);

  /// Bursts that one transfer wants of this channel, from burst number `first` of its own on.
  struct Run {
    std::uint64_t tag = 0;
    bool is_write = false;
    std::int64_t first = 0;
    std::int64_t count = 0;
    std::int64_t ready = 0;  ///< cycle from which the controller may issue commands for it
  };
  void add(const Run& run) { arriving_.push_back(run); }

  /// Issues what may be issued at `cycle`, which never goes back. Returns the next cycle at which
  /// something may be possible without another run; HbmClocks::kNoRefresh if there is none.
  std::int64_t step(std::int64_t cycle, Client& client);

  /// True when no burst waits.
  bool idle() const { return arriving_.empty() && reads_.empty() && writes_.empty(); }
  void watch(DramCommandObserver* observer) { observer_ = observer; }

 private:
  struct Burst {
    std::uint64_t tag;
    std::int64_t number;
    std::int64_t bank;
    std::int64_t row;
    std::int64_t ready;
  };
  /// Earliest cycle of each command.
  struct Bank {
    std::int64_t open_row = -1;
    std::int64_t activate = 0;
    std::int64_t precharge = 0;
    std::array<std::int64_t, 2> column = {0, 0};  ///< read, write
  };
  struct Group {
    std::int64_t activate = 0;
    std::array<std::int64_t, 2> column = {0, 0};
  };
  using Queue = std::vector<Burst>;

  void take_arriving(std::int64_t cycle, Client& client);
  bool refresh(std::int64_t cycle, std::int64_t& next);
  void choose_direction();
  bool issue_column(std::int64_t cycle, std::int64_t& next, Client& client);
  bool issue_row(std::int64_t cycle, std::int64_t& next);
  bool open_or_close(const Burst& burst, std::int64_t cycle, std::int64_t& next);
  Queue& queue(bool is_write) { return is_write ? writes_ : reads_; }
  Group& group_of(std::int64_t bank) {
    return groups_[static_cast<std::size_t>(bank &
                                            (static_cast<std::int64_t>(groups_.size()) - 1))];
  }
  void tell(DramCommand::Kind kind, std::int64_t cycle, std::int64_t bank = 0,
            std::int64_t row = 0) {
    if (observer_ != nullptr) observer_->command(channel_, {kind, cycle, bank, row});
  }

  HbmClocks t_;
  std::int64_t channel_;
  std::int64_t lanes_;
  std::int64_t row_bursts_;
  BankSets sets_;
  std::size_t depth_, high_, low_;
  std::deque<Run> arriving_;
  Queue reads_, writes_;
  std::vector<Bank> banks_;
  std::vector<Group> groups_;
  std::vector<char> wanted_;  ///< scratch: banks that a burst has claimed
  bool is_writing_ = false;
  std::array<std::int64_t, 2> column_ = {0, 0};  ///< earliest in any group
  std::int64_t activate_ = 0;
  std::array<std::int64_t, 4> activates_;
  std::size_t oldest_activate_ = 0;
  std::int64_t row_bus_ = 0;  ///< earliest next row command
  std::int64_t column_bus_ = 0;
  std::int64_t next_refresh_;
  DramCommandObserver* observer_ = nullptr;
};

}  // namespace simdse
