// Equal units over which transfers are spread evenly: channels, banks.
#pragma once

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
/// puts its units out of step.
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
        own_(static_cast<std::size_t>(interleave.count()), unit),
        is_out_of_step_(own_.size(), false) {}

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
    Picoseconds behind = 0;
    for (const std::size_t unit : out_of_step_) {
      span.add(serve(own_[unit]));
      behind += own_[unit].free_at() - common_.free_at();
      is_out_of_step_[unit] = false;
    }
    out_of_step_.clear();
    common_.delay(behind / interleave_.count());
    if (observer_ != nullptr) {
      interleave_.for_each(request.address, request.bytes,
                           [&](std::int64_t unit, std::int64_t bytes, std::int64_t) {
                             observer_->busy(unit, span.head, span.tail, bytes);
                           });
    }
    return span;
  }

  /// Calls serve(unit, bytes, first) for each unit that holds some of the transfer: `bytes` from
  /// `first` of its own space on. The span lasts from the first to the last of them.
  template <class Serve>
  StorageSpan serve_alone(const StorageRequest& request, Serve&& serve) {
    StorageSpan span{kNever, 0};
    interleave_.for_each(request.address, request.bytes,
                         [&](std::int64_t unit, std::int64_t bytes, std::int64_t first) {
                           const StorageSpan own = serve(alone(unit), bytes, first);
                           if (observer_ != nullptr) {
                             observer_->busy(unit, own.head, own.tail, bytes);
                           }
                           span.add(own);
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

  /// The state of one unit, to which something happens by itself.
  Unit& alone(std::int64_t index) {
    const auto unit = static_cast<std::size_t>(index);
    if (!is_out_of_step_[unit]) {
      own_[unit] = common_;
      is_out_of_step_[unit] = true;
      out_of_step_.push_back(unit);
    }
    return own_[unit];
  }

  Interleave interleave_;
  Unit common_;
  std::vector<Unit> own_;
  std::vector<bool> is_out_of_step_;
  std::vector<std::size_t> out_of_step_;  ///< the same as a list
  OccupancyObserver* observer_ = nullptr;
};

}  // namespace simdse
