// Addresses spread over banks, ports or channels.
#pragma once

#include <algorithm>
#include <cstdint>

namespace simdse {

/// `count` units take turns, each for `granule` consecutive bytes.
class Interleave {
 public:
  Interleave(std::int64_t count, std::int64_t granule) : count_(count), granule_(granule) {}

  std::int64_t count() const { return count_; }

  /// Calls visit(unit, bytes, first) for every unit that holds some of the `bytes` from `address`
  /// on, beginning with the unit of the first byte; `first` is the offset within the unit's own,
  /// dense address space. What lies in one unit is contiguous there.
  template <class Visit>
  void for_each(std::int64_t address, std::int64_t bytes, Visit&& visit) const {
    const std::int64_t index = address / granule_;  // of the first granule
    const std::int64_t inside = address - index * granule_;
    const std::int64_t first_piece = std::min(bytes, granule_ - inside);
    std::int64_t row = index / count_;
    std::int64_t unit = index - row * count_;
    if (count_ == 1 || first_piece == bytes) {
      visit(unit, bytes, row * granule_ + inside);
      return;
    }
    // After the first, partial granule: whole turns of all units, then a rest.
    const std::int64_t rest_after_first = bytes - first_piece;
    const std::int64_t turns = rest_after_first / (granule_ * count_);
    const std::int64_t whole = turns * granule_;
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

 private:
  std::int64_t count_;
  std::int64_t granule_;
};

}  // namespace simdse
