// Where the time of a chip goes: every instant is booked to exactly one heading.
#pragma once

#include <array>

#include "models/base/clock.h"
#include "models/core/occupancy.h"
#include "models/core/work.h"

namespace simdse {

/// An instant counts as matrix time if any tensor core works, else as vector time if any vector
/// core does, else it is booked to what the next step forward turns out to have waited for.
class TimeAccount {
 public:
  enum class Worker { tensor, vector };

  void begin_work(Worker worker, Picoseconds now) {
    book(now, Cause::dependency);
    ++workers_[static_cast<int>(worker)];
  }
  void end_work(Worker worker, Picoseconds now) {
    book(now, Cause::dependency);
    --workers_[static_cast<int>(worker)];
  }
  /// Something moved on that had waited because of `cause`.
  void explain(Cause cause, Picoseconds now) { book(now, cause); }

  Picoseconds matrix() const { return work_[0]; }
  Picoseconds vector() const { return work_[1]; }
  Picoseconds waited(Cause cause) const { return waited_[static_cast<std::size_t>(cause)]; }
  Picoseconds total() const { return last_; }

 private:
  void book(Picoseconds now, Cause cause) {
    const Picoseconds span = now - last_;
    last_ = now;
    if (workers_[0] > 0) {
      work_[0] += span;
    } else if (workers_[1] > 0) {
      work_[1] += span;
    } else {
      waited_[static_cast<std::size_t>(cause)] += span;
    }
  }

  int workers_[2] = {0, 0};
  Picoseconds work_[2] = {0, 0};
  std::array<Picoseconds, kCauseCount> waited_{};
  Picoseconds last_ = 0;
};

}  // namespace simdse
