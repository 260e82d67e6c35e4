// Clock edges on one integer time base.
#pragma once

#include <cstdint>
#include <limits>
#include <numeric>

#include "models/base/divisor.h"
#include "models/base/units.h"

namespace simdse {

/// A point or span of simulated time in integer picoseconds: the resolution of the SystemC kernel,
/// so that both count the same instants.
using Picoseconds = std::int64_t;

constexpr Picoseconds kNever = std::numeric_limits<Picoseconds>::max();

inline Seconds to_seconds(Picoseconds time) { return Seconds(static_cast<double>(time) * 1e-12); }

/// No time is longer than this (2^63 ps, some 106 days).
constexpr Seconds kLongestTime(9'223'372.036'854'775);

/// The nearest picosecond. Throws InputError for what is longer than kLongestTime, or no number.
Picoseconds to_picoseconds(Seconds time);

/// Edges of one clock. The period is kept as a fraction of picoseconds, so the n-th edge is exact
/// to the picosecond however large n is: rounded periods are never added up.
class Clock {
 public:
  /// `frequency` is a positive whole number of MHz, which bounds numerator and denominator so far
  /// that 64 bits hold ten minutes of simulated time.
  explicit Clock(Hertz frequency)
      : megahertz_(static_cast<std::int64_t>(std::llround(frequency.value() / 1e6))) {
    constexpr std::int64_t picoseconds_per_microsecond = 1'000'000;
    const std::int64_t common = std::gcd(picoseconds_per_microsecond, megahertz_);
    numerator_ = Divisor(picoseconds_per_microsecond / common);
    denominator_ = Divisor(megahertz_ / common);
  }

  Hertz frequency() const { return Hertz(static_cast<double>(megahertz_) * 1e6); }

  /// Time of edge number `cycle` (not negative; edge 0 is at time 0).
  Picoseconds edge(Cycles cycle) const {
    return denominator_.quotient_up(cycle.value() * numerator_.value());
  }

  /// Number of the first edge at or after `time`.
  Cycles next_edge(Picoseconds time) const {
    // Edge n lies at ceil(n * p / q), before `time` exactly when n * p <= (time - 1) * q.
    if (time <= 0) return Cycles(0);
    return Cycles(numerator_.quotient((time - 1) * denominator_.value()) + 1);
  }

  /// `cycles` cycles counted from the first edge at or after `from`.
  Picoseconds after(Picoseconds from, Cycles cycles) const {
    return edge(next_edge(from) + cycles);
  }

  /// Whole picoseconds that cover a span of cycles that need not start on an edge.
  Picoseconds span(Cycles cycles) const { return edge(cycles); }

 private:
  std::int64_t megahertz_;
  Divisor numerator_{1};    // picoseconds ...
  Divisor denominator_{1};  // ... per this many cycles
};

}  // namespace simdse
