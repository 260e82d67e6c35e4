// How the beginning of a region, in which its rings in the buffer are filled for the first time,
// differs from the rest.
#pragma once

#include <array>
#include <cstdint>

#include "search/plan/part_program.h"

namespace simdse {

/// A stretch of a region's time in which what it asks for is taken as even.
struct RegionPhase {
  double cycles = 0;  ///< of the region alone
  double memory = 0;  ///< of these, what its traffic keeps the memory busy ...
  double buffer = 0;  ///< ... and the buffer
  double staged = 0;  ///< bytes that are copied from memory to the buffer
};

/// Begin: the steps whose blocks find room in the rings before any is released. Rest: those behind.
using RegionPhases = std::array<RegionPhase, 2>;

/// What one region does in all.
struct RegionWork {
  double launch = 0;  ///< cycles before the first step
  double chain = 0;   ///< cycles that the cores of a part need alone, without the launch
  double cycles = 0;  ///< at least as many, if its traffic were even over its time
  double memory = 0;  ///< cycles of the memory for all that it moves
  double buffer = 0;
  double staged = 0;         ///< bytes through its rings, of all parts
  double staged_memory = 0;  ///< cycles of the memory for these
  double staged_buffer = 0;
};

/// Follows the steps of part 0, which fetches for all that share its rings and whose like fetch for
/// the others.
class RingFill {
 public:
  /// Of nothing: no region is filled at once.
  RingFill() = default;
  explicit RingFill(const Region& region);

  /// The next step, after which the part has finished what it has begun at `finish`.
  void append(const ProgramStep& step, Cycles finish);

  /// Splits a region's time behind the last step of the fill. Each part of it takes at least what
  /// memory, buffer and cores have to do in it,
  ///
  ///   begin = max( launch + chain until then, memory, buffer of that time ),
  ///   rest  = max( chain from then on, memory, buffer of the rest )
  ///
  /// and both together at least `work.cycles`. Blocks count for the time in which they are copied,
  /// all other traffic evenly by steps. Without a fill, or where it lasts to the end, there is no
  /// begin (0 cycles).
  RegionPhases phases(const RegionWork& work) const;

 private:
  std::array<std::int64_t, 2> capacity_{};  ///< of the part's ring of A and of B
  std::array<double, 2> rings_{};           ///< how many there are
  std::array<std::int64_t, 2> requested_{};
  std::int64_t steps_ = 0;
  std::int64_t fill_steps_ = 0;  ///< until the last that is part of the fill
  double fill_staged_ = 0;       ///< bytes, of all rings
  Cycles fill_finish_;
};

}  // namespace simdse
