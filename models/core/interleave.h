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

  /// Calls visit(unit, bytes, first) for every unit that holds some of the `bytes` from `address`
  /// on, beginning with the unit of the first byte; `first` is the offset within the unit's own,
  /// dense address space. What lies in one unit is contiguous there.
  template <class Visit>
  void for_each(std::int64_t address, std::int64_t bytes, Visit&& visit) const {
    const std::int64_t index = by_granule_.quotient(address);  // of the first granule
    const std::int64_t inside = address - index * granule_;
    const std::int64_t first_piece = std::min(bytes, granule_ - inside);
    std::int64_t row = by_count_.quotient(index);
    std::int64_t unit = index - row * count_;
    if (count_ == 1 || first_piece == bytes) {
      visit(unit, bytes, row * granule_ + inside);
      return;
    }
    // After the first, partial granule: whole turns of all units, then a rest.
    const std::int64_t rest_after_first = bytes - first_piece;
    const std::int64_t whole = whole_turns(rest_after_first) * granule_;
    std::int64_t rest = rest_after_first - whole * count_;
    // The rest may come round to the first unit again.
    const std::int64_t again = std::max<std::int64_t>(0, rest - granule_ * (count_ - 1));
    visit(unit, first_piece + whole + again, row * granule_ + inside);
    // The units after the first get whole turns and parts of the rest.
    for (std::int64_t left = count_ - 1; left > 0; --left) {
      if (++unit == count_) {
        unit = 0;
        ++row;
      }
      const std::int64_t part = std::min(rest, granule_);
      rest -= part;
      if (whole + part == 0) return;
      visit(unit, whole + part, row * granule_);
    }
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
