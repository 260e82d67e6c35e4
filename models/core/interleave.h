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
    const std::int64_t inside = address % granule_;
    const std::int64_t first_piece = std::min(bytes, granule_ - inside);
    if (count_ == 1 || first_piece == bytes) {
      const std::int64_t row = index / count_;
      visit(index % count_, bytes, row * granule_ + inside);
      return;
    }
    // After the first, partial granule: whole turns of all units, then a rest.
    const std::int64_t rest_after_first = bytes - first_piece;
    const std::int64_t turn = granule_ * count_;
    const std::int64_t turns = rest_after_first / turn;
    std::int64_t rest = rest_after_first % turn;
    // Unit of step s (s = 0 is the first): those after it get whole turns and parts of the rest.
    for (std::int64_t s = 0; s < count_; ++s) {
      const std::int64_t granule = index + s;
      std::int64_t share = turns * granule_;
      if (s == 0) {
        share += first_piece;
      } else {
        const std::int64_t part = std::min(rest, granule_);
        share += part;
        rest -= part;
      }
      if (s == 0 && rest_after_first % turn > granule_ * (count_ - 1)) {
        // The rest comes round to the first unit again.
        share += rest_after_first % turn - granule_ * (count_ - 1);
      }
      if (share == 0) continue;
      const std::int64_t row = granule / count_;
      visit(granule % count_, share, row * granule_ + (s == 0 ? inside : 0));
    }
  }

 private:
  std::int64_t count_;
  std::int64_t granule_;
};

}  // namespace simdse
