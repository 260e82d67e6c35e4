// How a compute core spends time on one tile, and how consecutive tiles follow each other.
#pragma once

#include <algorithm>

#include "models/base/units.h"

namespace simdse {

/// Closed form of one tile on one core whose operands are in its private memory.
///
///   |-- setup --|------------- body -------------|-- tail --|
///                        |<- open                            ^ last result
///
/// `setup` (loading stationary operands, say) precedes the body and may overlap the previous tile's
/// body from that one's `open` on. After `body` the next tile's body may begin. Results are
/// complete `tail` after the body's end; it is -1 where the last result leaves on the body's last
/// cycle, because spans are counted from edge to edge.
struct TileTiming {
  Cycles setup;
  Cycles open;
  Cycles body;
  Cycles tail;
};

/// Strings tiles together: the recurrence that estimate and simulation share.
///   begin = max(previous end, max(ready, previous open) + setup, place - tail)
struct TilePipeline {
  Cycles open;  ///< from here the next tile's setup may run
  Cycles end;   ///< from here the next tile's body may run

  struct Span {
    Cycles begin;
    Cycles end;
    Cycles done;
  };

  /// Appends a tile whose operands are there at `ready` and whose results have room from `place`
  /// on. Results reach their places in the order and skew in which the ones before leave them, so
  /// each is needed `tail` later than the tile begins; loading stationary operands needs none.
  Span append(const TileTiming& tile, Cycles ready, Cycles place = Cycles(0)) {
    const Cycles skew = std::max(tile.tail, Cycles(0));
    const Cycles begin = std::max({end, std::max(ready, open) + tile.setup, place - skew});
    open = begin + tile.open;
    end = begin + tile.body;
    return {begin, end, end + tile.tail};
  }
};

}  // namespace simdse
