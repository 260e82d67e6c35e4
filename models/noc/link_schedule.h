// When a link is busy, from now on.
#pragma once

#include <algorithm>
#include <vector>

#include "models/base/clock.h"

namespace simdse {

/// Spans of time that are given away, apart from each other, in order.
class LinkSchedule {
 public:
  struct Span {
    Picoseconds start;
    Picoseconds finish;
  };

  /// Forgets what has passed: nothing will be asked for before `now`.
  void forget(Picoseconds now) {
    auto passed = busy_.begin();
    while (passed != busy_.end() && passed->finish <= now) ++passed;
    busy_.erase(busy_.begin(), passed);
  }

  /// Takes the first `duration` of free time from `earliest` on, in pieces where need be: from the
  /// beginning of the first to the end of the last. Nothing between them is free afterwards.
  Span take(Picoseconds earliest, Picoseconds duration) {
    auto at =
        std::lower_bound(busy_.begin(), busy_.end(), earliest,
                         [](const Span& span, Picoseconds time) { return span.finish < time; });
    const auto first = at;
    Picoseconds start = earliest;
    if (at != busy_.end() && at->start <= earliest) start = (at++)->finish;
    Picoseconds free_at = start;
    Picoseconds left = duration;
    while (at != busy_.end() && at->start - free_at < left) {
      left -= at->start - free_at;
      free_at = at->finish;
      ++at;
    }
    const Picoseconds finish = free_at + left;
    // All from `start` to `finish` is one span now, with the one that ends or begins there.
    Span joined{start, finish};
    if (first != at && first->start <= start) joined.start = first->start;
    if (at != busy_.end() && at->start == finish) joined.finish = (at++)->finish;
    const auto place = busy_.erase(first, at);
    busy_.insert(place, joined);
    return {start, finish};
  }

 private:
  std::vector<Span> busy_;
};

}  // namespace simdse
