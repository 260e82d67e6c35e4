// Addresses spread over banks, ports or channels.
#pragma once

#include <algorithm>
#include <cstdint>

#include "models/base/divisor.h"

namespace simdse {

/// `count` units take turns, each for `granule` consecutive bytes.
class Interleave {
 public:
  Interleave(std::int64_t count, std::int64_t granule)
      : count_(count),
        granule_(granule),
        by_count_(count),
        by_granule_(granule),
        by_turn_(count * granule) {}

  std::int64_t count() const { return count_; }
  std::int64_t granule() const { return granule_; }

  /// The unit that holds the byte at `address`.
  std::int64_t unit_of(std::int64_t address) const {
    const std::int64_t index = by_granule_.quotient(address);
    return index - by_count_.quotient(index) * count_;
  }

  /// Where in a turn of all units an address lies. Bytes from addresses that lie alike are spread
  /// alike.
  std::int64_t phase_of(std::int64_t address) const { return by_turn_.rest(address); }

  /// Calls visit(unit, count, bytes, first) for `count` units from `unit` on that each hold `bytes`
  /// of the `bytes` (there are some) from `address` on, `first` being the offset within a unit's
  /// own, dense address space: run after run, beginning with the unit of the first byte. What lies
  /// in one unit is contiguous there.
  template <class Visit>
  void for_each_run(std::int64_t address, std::int64_t bytes, Visit&& visit) const {
    const std::int64_t index = by_granule_.quotient(address);  // of the first granule
    const std::int64_t inside = address - index * granule_;
    const std::int64_t row = by_count_.quotient(index);
    const std::int64_t unit = index - row * count_;
    // From the beginning of that granule on: turns of all units, some more whole granules, a rest.
    const std::int64_t turns = whole_turns(inside + bytes);
    const std::int64_t more = inside + bytes - turns * by_turn_.value();
    const std::int64_t whole = by_granule_.quotient(more);
    const std::int64_t rest = more - whole * granule_;
    const std::int64_t holders = turns > 0 ? count_ : whole + (rest > 0 ? 1 : 0);
    const std::int64_t in_row = count_ - unit;  // the units after these hold it a granule later
    for (std::int64_t at = 0; at < holders;) {
      const bool has_rest = at == whole && rest > 0;
      const std::int64_t part = at < whole ? granule_ : has_rest ? rest : 0;
      const std::int64_t begin = at == 0 ? inside : 0;
      std::int64_t end = at < whole ? whole : has_rest ? whole + 1 : holders;
      if (begin > 0) end = 1;
      if (at < in_row) end = std::min(end, in_row);
      visit(at < in_row ? unit + at : at - in_row, end - at, turns * granule_ + part - begin,
            (at < in_row ? row : row + 1) * granule_ + begin);
      at = end;
    }
  }

  /// How many bytes of a stretch lie in every unit.
  struct Shares {
    std::int64_t unit = 0;    ///< of the first byte
    std::int64_t whole = 0;   ///< that every unit holds, in whole granules
    std::int64_t left = 0;    ///< beyond those: in the first unit up to a granule, in the next ...
    std::int64_t before = 0;  ///< less what the first unit holds of its granule before the stretch

    /// What the next unit holds besides `whole`: to be asked for in turn, from `unit` on.
    std::int64_t next_extra(std::int64_t granule) {
      const std::int64_t more = std::min(left, granule);
      const std::int64_t extra = more - before;
      left -= more;
      before = 0;
      return extra;
    }
  };
  Shares shares(std::int64_t address, std::int64_t bytes) const {
    const std::int64_t index = by_granule_.quotient(address);  // of the first granule
    const std::int64_t inside = address - index * granule_;
    const std::int64_t turns = by_turn_.quotient(inside + bytes);
    return {by_count_.rest(index), turns * granule_, inside + bytes - turns * by_turn_.value(),
            inside};
  }

  /// Calls visit(unit, bytes) for every unit that holds some of the `bytes` (there are some) from
  /// `address` on, beginning with the unit of the first byte.
  template <class Visit>
  void for_each_share(std::int64_t address, std::int64_t bytes, Visit&& visit) const {
    Shares shares = this->shares(address, bytes);
    for (std::int64_t i = 0; i < count_; ++i) {
      const std::int64_t share = shares.whole + shares.next_extra(granule_);
      if (share == 0) return;
      visit(shares.unit, share);
      if (++shares.unit == count_) shares.unit = 0;
    }
  }

  /// Calls visit(unit, bytes, first) for every unit, one by one, of those runs.
  template <class Visit>
  void for_each(std::int64_t address, std::int64_t bytes, Visit&& visit) const {
    for_each_run(
        address, bytes,
        [&](std::int64_t unit, std::int64_t count, std::int64_t share, std::int64_t first) {
          for (const std::int64_t end = unit + count; unit < end; ++unit) {
            visit(unit, share, first);
          }
        });
  }

  /// Bytes of the unit that holds the most of the `bytes` from `address` on.
  std::int64_t largest_share(std::int64_t address, std::int64_t bytes) const {
    const std::int64_t inside = address - by_granule_.quotient(address) * granule_;
    const std::int64_t first_piece = std::min(bytes, granule_ - inside);
    const std::int64_t rest_after_first = bytes - first_piece;
    const std::int64_t whole = whole_turns(rest_after_first) * granule_;
    const std::int64_t rest = rest_after_first - whole * count_;
    const std::int64_t again = std::max<std::int64_t>(0, rest - granule_ * (count_ - 1));
    const std::int64_t second = count_ > 1 ? std::min(rest, granule_) : 0;
    return whole + std::max(first_piece + again, second);
  }

 private:
  std::int64_t whole_turns(std::int64_t bytes) const { return by_turn_.quotient(bytes); }

  std::int64_t count_;
  std::int64_t granule_;
  Divisor by_count_;
  Divisor by_granule_;
  Divisor by_turn_;  ///< of all units
};

}  // namespace simdse
