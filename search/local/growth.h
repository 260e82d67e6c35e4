// Growth at one node of the dimension tree: buy what the critical path says.
#pragma once

#include "search/exact/outlook.h"
#include "search/local/trader.h"

namespace simdse {

/// Buys along the axes of counts and shared blocks, each time the step that promises to shorten the
/// time most per share of whichever budget it takes more of, while that shortens it. When no step
/// promises or brings a gain, or none is affordable, a core more is tried that is paid for by
/// selling what is missed least.
class Growth {
 public:
  /// `outlook`: bounds of designs, nullptr where there are none.
  Growth(DesignBook& book, Trader& trader, Outlook* outlook)
      : book_(book), trader_(trader), outlook_(outlook) {}

  /// The best design met, or nullptr if not even the start fits.
  const Candidate* grow(const Point& start);

 private:
  const Candidate* find_start(Point& at);
  /// A core more, paid for by selling what is missed least; nullptr if that does not shorten the
  /// time. Without it the small purchases of growth would stand in the way of a large one.
  const Candidate* trade(const Candidate& from);

  /// False where bounds leave little hope that `to` is faster.
  bool is_worth_a_try(const Candidate& from, const Point& to) const;

  DesignBook& book_;
  Trader& trader_;
  Outlook* outlook_;
};

}  // namespace simdse
