// Addresses spread over banks, ports or channels.
#pragma once

#include <algorithm>
#include <cstdint>

namespace simdse {

/// Divides non-negative numbers by one that is often a power of two.
class Divisor {
 public:
  explicit Divisor(std::int64_t value) : value_(value) {
    if ((value & (value - 1)) != 0) return;
    for (shift_ = 0; (std::int64_t{1} << shift_) < value;) ++shift_;
  }
  std::int64_t quotient(std::int64_t number) const {
    return shift_ >= 0 ? number >> shift_ : number / value_;
  }

 private:
  std::int64_t value_;
  int shift_ = -1;  ///< -1: not a power of two
};

/// `count` units take turns, each for `granule` consecutive bytes.
class Interleave {
 public:
  Interleave(std::int64_t count, std::int64_t granule)
      : count_(count), granule_(granule), by_count_(count), by_granule_(granule) {}

  std::int64_t count() const { return count_; }
  std::int64_t granule() const { return granule_; }

  /// The unit that holds the byte at `address`.
  std::int64_t unit_of(std::int64_t address) const {
    const std::int64_t index = by_granule_.quotient(address);
    return index - by_count_.quotient(index) * count_;
  }

  /// Where in a turn of all units an address lies. Bytes from addresses that lie alike are spread
  /// alike.
  std::int64_t phase_of(std::int64_t address) const {
    return address - by_count_.quotient(by_granule_.quotient(address)) * count_ * granule_;
  }

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
    const std::int64_t more = inside + bytes - turns * count_ * granule_;
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
  std::int64_t whole_turns(std::int64_t bytes) const {
    return by_count_.quotient(by_granule_.quotient(bytes));
  }

  std::int64_t count_;
  std::int64_t granule_;
  Divisor by_count_;
  Divisor by_granule_;
};

}  // namespace simdse
