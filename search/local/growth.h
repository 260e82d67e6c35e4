// Growth at one node of the dimension tree: buy what the critical path says.
#pragma once

#include "search/local/trader.h"

namespace simdse {

/// Buys along the axes of counts and shared blocks, each time the step that promises to shorten the
/// time most per share of whichever budget it takes more of, while that shortens it. When no step
/// promises or brings a gain, or none is affordable, a core more is tried that is paid for by
/// selling what is missed least.
class Growth {
 public:
  Growth(DesignBook& book, Trader& trader) : book_(book), trader_(trader) {}

  /// The best design met, or nullptr if not even the start fits.
  const Candidate* grow(const Point& start);

 private:
  const Candidate* find_start(Point& at);
  /// A core more, paid for by selling what is missed least; nullptr if that does not shorten the
  /// time. Without it the small purchases of growth would stand in the way of a large one.
  const Candidate* trade(const Candidate& from);

  DesignBook& book_;
  Trader& trader_;
};

}  // namespace simdse
