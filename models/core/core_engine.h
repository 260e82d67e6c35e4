// The pipeline of a compute core: load, work, store. Plain C++, without a kernel.
#pragma once

#include <cstdint>
#include <vector>

#include "models/base/timed.h"
#include "models/core/buffering.h"
#include "models/core/fifo.h"
#include "models/core/occupancy.h"
#include "models/core/time_account.h"
#include "models/core/work.h"

namespace simdse {

/// What the engine needs of the core around it.
class CoreIo {
 public:
  virtual ~CoreIo() = default;
  /// Moves all of an item's bytes (there are some); the engine is told by transfer_done(tag) when
  /// the last is there.
  virtual void load(const WorkTransfers& transfers, std::uint64_t tag) = 0;
  virtual void store(const WorkTransfers& transfers, std::uint64_t tag) = 0;
};

/// Works off the items of one source at a time. Operands of the next item are loaded while one is
/// worked on (two places), and results leave while the next is made (as many places as the item
/// says); with single buffering, they are loaded when the item before is out. The times of work
/// itself are the tile timings' closed form: contention can't change them.
class CoreEngine : public Timed {
 public:
  /// `clock` gives the edges on which work begins.
  CoreEngine(TimeService& time, const Clock& clock, CoreIo& io, TimeAccount& account,
             TimeAccount::Worker worker, Buffering buffering);

  /// Takes a source; the one before must have finished.
  void start(WorkSource& source);
  /// The source has more, or an output has left.
  void poke() { pump(); }
  /// Told ahead that all bytes of a load will be there `at` some time to come. True if that decides
  /// all: the item follows work that lasts longer, so that it begins at `at` whatever happens until
  /// then, and transfer_done(tag) is not to be called.
  bool load_announced(std::uint64_t tag, Picoseconds at, Cause cause);
  /// All bytes of a load or store are there; `cause` is what the last of them was held up by.
  void transfer_done(std::uint64_t tag, Cause cause);
  /// A result that was forwarded is out of this core's memory.
  void output_drained();

  /// Has an observer told of every item's operations.
  void observe(OccupancyObserver* observer) { observer_ = observer; }

  bool is_idle() const { return source_ == nullptr; }
  double macs() const { return macs_; }
  double operations() const { return operations_; }
  double bytes_moved() const { return bytes_moved_; }
  Picoseconds busy_time() const { return busy_time_; }

 private:
  struct Slot {
    WorkItem item;
    bool is_loaded = false;
    Picoseconds ready = 0;  ///< when the operands were there
    Cause cause = Cause::memory;
  };

  void on_time(std::uint64_t token) override;
  void pump();
  /// Items whose loads are issued and whose work is not begun.
  std::size_t loading() const { return items_.size() - begun_; }
  bool has_operand_place() const;
  void fetch();
  void begin_ready();
  /// Begins the first of the loading items, at `now` or what will be now.
  void begin_front(Picoseconds now);
  bool lacks_output_place() const;

  void end_item();
  void put_out();
  void forget_begun();
  void check_finished();

  TimeService& time_;
  Clock clock_;
  CoreIo& io_;
  TimeAccount& account_;
  TimeAccount::Worker worker_;
  Buffering buffering_;
  WorkSource* source_ = nullptr;
  TilePipeline pipeline_;
  Fifo<Slot> items_;                 ///< in order: first those begun, while there are results
  std::size_t begun_ = 0;            ///< of items_
  std::size_t results_ = 0;          ///< of those begun, with output that is not put out
  std::size_t working_ = 0;          ///< items begun, not ended
  Fifo<char> is_stored_;             ///< per block being stored
  std::size_t outputs_held_ = 0;     ///< blocks in accumulators
  bool block_is_open_ = false;       ///< the last block begun has items to come
  std::uint64_t first_loading_ = 0;  ///< number of the first item that is not begun
  std::uint64_t first_storing_ = 0;
  std::size_t ended_early_ = 0;  ///< end call-backs to come of items that are over already
  bool is_busy_ = false;
  bool is_pumping_ = false;
  OccupancyObserver* observer_ = nullptr;
  double macs_ = 0;
  double operations_ = 0;
  double bytes_moved_ = 0;
  Picoseconds busy_time_ = 0;
};

}  // namespace simdse
