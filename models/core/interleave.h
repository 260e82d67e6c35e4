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

  /// Calls visit(unit, units, bytes, first) for the units that hold some of the `bytes` from
  /// `address` on, beginning with the unit of the first byte: `units` neighbours at a time, from
  /// `unit` on, that hold `bytes` each from the same offset `first` within the unit's own, dense
  /// address space on. What lies in one unit is contiguous there.
  template <class Visit>
  void for_each_band(std::int64_t address, std::int64_t bytes, Visit&& visit) const {
    const std::int64_t index = address / granule_;  // of the first granule
    const std::int64_t inside = address - index * granule_;
    const std::int64_t first_piece = std::min(bytes, granule_ - inside);
    std::int64_t row = index / count_;
    std::int64_t unit = index - row * count_;
    if (count_ == 1 || first_piece == bytes) {
      visit(unit, std::int64_t{1}, bytes, row * granule_ + inside);
      return;
    }
    // After the first, partial granule: whole turns of all units, then a rest.
    const std::int64_t rest_after_first = bytes - first_piece;
    const std::int64_t turns = rest_after_first / (granule_ * count_);
    const std::int64_t whole = turns * granule_;
    const std::int64_t rest = rest_after_first - whole * count_;
    // The rest may come round to the first unit again.
    const std::int64_t again = std::max<std::int64_t>(0, rest - granule_ * (count_ - 1));
    // The units after the first get whole turns and a granule of the rest, then one gets what is
    // left of it, and the others whole turns alone.
    const std::int64_t others = count_ - 1;
    std::int64_t granules = std::min(others, rest / granule_);
    const std::int64_t left = granules < others ? rest - granules * granule_ : 0;
    const std::int64_t wholes = others - granules - (left > 0 ? 1 : 0);
    if (first_piece == granule_ && again == 0 && granules > 0) {
      ++granules;  // the first is like those after it
      --unit;
    } else {
      visit(unit, std::int64_t{1}, first_piece + whole + again, row * granule_ + inside);
    }
    const auto band = [&](std::int64_t units, std::int64_t held) {
      while (units > 0 && held > 0) {
        if (++unit == count_) {
          unit = 0;
          ++row;
        }
        const std::int64_t until_end = std::min(units, count_ - unit);
        visit(unit, until_end, held, row * granule_);
        unit += until_end - 1;
        units -= until_end;
      }
    };
    band(granules, whole + granule_);
    if (left > 0) band(1, whole + left);
    band(wholes, whole);
  }

  /// The same unit by unit: visit(unit, bytes, first).
  template <class Visit>
  void for_each(std::int64_t address, std::int64_t bytes, Visit&& visit) const {
    for_each_band(
        address, bytes,
        [&](std::int64_t unit, std::int64_t units, std::int64_t held, std::int64_t first) {
          for (std::int64_t i = 0; i < units; ++i) visit(unit + i, held, first);
        });
  }

 private:
  std::int64_t count_;
  std::int64_t granule_;
};

}  // namespace simdse
