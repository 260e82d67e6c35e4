// Equal units over which transfers are spread evenly: channels, banks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/base/clock.h"

namespace simdse {

/// Keeps one state for all units to which the same has happened, and states of their own for those
/// that went another way since. What reaches all units alike costs as much as what reaches one.
///
/// A Unit is a value with
///   Picoseconds free_at() const;       when it has done what it took on
///   void delay(Picoseconds by);        puts that off
template <class Unit>
class InStep {
 public:
  InStep(std::int64_t count, const Unit& unit)
      : common_(unit),
        own_(static_cast<std::size_t>(count), unit),
        is_out_of_step_(static_cast<std::size_t>(count), false) {}

  /// The state of one unit, to which something happens by itself.
  Unit& alone(std::int64_t index) {
    const auto at = static_cast<std::size_t>(index);
    if (!is_out_of_step_[at]) {
      own_[at] = common_;
      is_out_of_step_[at] = true;
      out_of_step_.push_back(at);
    }
    return own_[at];
  }

  /// Calls serve(unit) for every state there is, and has all units in step from then on. What units
  /// by themselves were behind is spread over all of them, so that no work is lost.
  template <class Serve>
  void all(Serve&& serve) {
    serve(common_);
    if (out_of_step_.empty()) return;
    Picoseconds behind = 0;
    for (const std::size_t at : out_of_step_) {
      serve(own_[at]);
      behind += own_[at].free_at() - common_.free_at();
      is_out_of_step_[at] = false;
    }
    out_of_step_.clear();
    common_.delay(behind / static_cast<std::int64_t>(own_.size()));
  }

 private:
  Unit common_;
  std::vector<Unit> own_;
  std::vector<bool> is_out_of_step_;
  std::vector<std::size_t> out_of_step_;  ///< the same as a list
};

}  // namespace simdse
