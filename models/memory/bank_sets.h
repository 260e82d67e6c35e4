// In which of a memory channel's banks its rows lie.
#pragma once

#include <cstdint>

namespace simdse {

/// The sets of banks, a power of two of them, over which rows take turns: by the lowest bits of a
/// row's number, so that rows a multiple of the sets apart meet in one; or by those bits XORed with
/// the next higher ones, which puts each group of `count` neighbouring rows into the sets in
/// another order (Zhang, Zhu, Zhang, "A permutation-based page interleaving scheme to reduce
/// row-buffer conflicts and exploit data locality", MICRO-33, 2000).
class BankSets {
 public:
  BankSets(std::int64_t count, bool is_hashed) : mask_(count - 1) {
    if (!is_hashed) return;
    shift_ = 0;
    while ((std::int64_t{1} << shift_) < count) ++shift_;
    rows_to_all_ = 2 * count - 1;
  }

  std::int64_t count() const { return mask_ + 1; }
  std::int64_t of(std::int64_t row) const { return (row ^ row >> shift_) & mask_; }
  /// So many consecutive rows lie in all sets, wherever they begin.
  std::int64_t rows_to_all() const { return rows_to_all_; }

 private:
  std::int64_t mask_;
  unsigned shift_ = 63;  ///< that leaves nothing of a row's number
  std::int64_t rows_to_all_ = mask_ + 1;
};

}  // namespace simdse
