// Equal units over which transfers are spread evenly: channels, banks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/base/clock.h"
#include "models/core/interleave.h"
#include "models/core/occupancy.h"
#include "models/core/storage_core.h"

namespace simdse {

/// Serves transfers by interleaved units. Keeps one state for all units to which the same has
/// happened, and states of their own for those that went another way since. A transfer that makes
/// several turns of all units moves them in step, and costs as much as one unit does; a smaller one
/// puts its units out of step. Neighbours out of step stay one run with one state until a transfer
/// treats them differently, so that a transfer costs as much as the runs that it meets.
///
/// A Unit is a value with
///   Picoseconds free_at() const;       when it has done what it took on
///   void delay(Picoseconds by);        puts that off
template <class Unit>
class InStep {
 public:
  InStep(const Interleave& interleave, const Unit& unit)
      : interleave_(interleave),
        common_(unit),
        runs_(static_cast<std::size_t>(interleave.count())),
        own_(runs_.size(), unit) {
    put_in_step();
  }

  const Interleave& interleave() const { return interleave_; }

  /// Who is told of every unit's busy times.
  void observe(OccupancyObserver* observer) { observer_ = observer; }

  bool moves_in_step(const StorageRequest& request) const {
    return interleave_.count() == 1 ||
           request.bytes >= kTurnsInStep * interleave_.count() * interleave_.granule();
  }

  /// Calls serve(unit) for every state there is, as if all units held the same share of the
  /// transfer, and has all of them in step from then on. What units by themselves were behind is
  /// spread over all of them, so that no work is lost. The span lasts from the first to the last of
  /// them.
  template <class Serve>
  StorageSpan serve_in_step(const StorageRequest& request, Serve&& serve) {
    StorageSpan span = serve(common_);
    if (!is_in_step_) {
      Picoseconds behind = 0;
      for (std::size_t unit = 0; unit < runs_.size(); unit += runs_[unit].length) {
        if (!runs_[unit].is_out_of_step) continue;
        span.add(serve(own_[unit]));
        behind += (own_[unit].free_at() - common_.free_at()) *
                  static_cast<Picoseconds>(runs_[unit].length);
      }
      put_in_step();
      common_.delay(behind / interleave_.count());
    }
    if (observer_ != nullptr) observe_all(request, span);
    return span;
  }

  /// Calls serve(unit, bytes, first) for the units that hold some of the transfer: `bytes` from
  /// `first` of their own space on; once for neighbours to which the same happens and has happened.
  /// The span lasts from the first to the last of them.
  template <class Serve>
  StorageSpan serve_alone(const StorageRequest& request, Serve&& serve) {
    StorageSpan span{kNever, 0};
    interleave_.for_each_run(
        request.address, request.bytes,
        [&](std::int64_t from, std::int64_t count, std::int64_t bytes, std::int64_t first) {
          const auto end = static_cast<std::size_t>(from + count);
          begin_run(static_cast<std::size_t>(from));
          begin_run(end);
          for (auto unit = static_cast<std::size_t>(from); unit < end; unit += runs_[unit].length) {
            const StorageSpan own = serve(alone(unit), bytes, first);
            if (observer_ != nullptr) observe_run(unit, own, bytes);
            span.add(own);
          }
        });
    return span;
  }

 private:
  /// Turns of all units that a transfer must make to move them in step. With fewer, their shares
  /// differ too much. The error against units one by one, in the time of small and large transfers
  /// mixed at random, is printed by tests/tlm/hbm_test.cpp (up to 4 %) and
  /// tests/tlm/buffer_test.cpp (up to 2.1 %, and 3.8 % with two ports, where a delay of one port is
  /// put on both).
  static constexpr std::int64_t kTurnsInStep = 4;

  /// Units from one on that have one state. Only a run's first unit knows it.
  struct Run {
    std::size_t length = 0;  ///< 0: inside another run
    bool is_out_of_step = false;
  };

  void put_in_step() {
    std::fill(runs_.begin(), runs_.end(), Run{});
    runs_[0].length = runs_.size();
    is_in_step_ = true;
  }

  /// Has a run begin at `unit`, or end there if it is the one after the last.
  void begin_run(std::size_t unit) {
    if (unit == runs_.size() || runs_[unit].length > 0) return;
    std::size_t before = unit;
    do --before;
    while (runs_[before].length == 0);
    Run& run = runs_[before];
    runs_[unit] = {before + run.length - unit, run.is_out_of_step};
    run.length = unit - before;
    if (run.is_out_of_step) own_[unit] = own_[before];
  }

  /// The state of the run that begins at `unit`, to which something happens by itself.
  Unit& alone(std::size_t unit) {
    if (!runs_[unit].is_out_of_step) {
      own_[unit] = common_;
      runs_[unit].is_out_of_step = true;
      is_in_step_ = false;
    }
    return own_[unit];
  }

  [[gnu::cold, gnu::noinline]] void observe_all(const StorageRequest& request,
                                                const StorageSpan& span) {
    interleave_.for_each(request.address, request.bytes,
                         [&](std::int64_t unit, std::int64_t bytes, std::int64_t) {
                           observer_->busy(unit, span.head, span.tail, bytes);
                         });
  }

  [[gnu::cold, gnu::noinline]] void observe_run(std::size_t first, const StorageSpan& span,
                                                std::int64_t bytes) {
    for (std::size_t unit = first; unit < first + runs_[first].length; ++unit) {
      observer_->busy(static_cast<std::int64_t>(unit), span.head, span.tail, bytes);
    }
  }

  Interleave interleave_;
  Unit common_;
  std::vector<Run> runs_;
  std::vector<Unit> own_;  ///< by the first unit of a run that is out of step
  bool is_in_step_ = true;
  OccupancyObserver* observer_ = nullptr;
};

}  // namespace simdse
