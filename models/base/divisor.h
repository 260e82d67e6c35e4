// Division by a number that stays the same.
#pragma once

#include <cstdint>

namespace simdse {

/// Divides non-negative numbers by a positive one. The processor's own division takes as long as
/// ten to forty simple instructions; by a number that is known beforehand it is a shift or a
/// multiplication.
class Divisor {
 public:
  explicit constexpr Divisor(std::int64_t value)
      : value_(value), reciprocal_(~std::uint64_t{0} / static_cast<std::uint64_t>(value)) {
    if ((value & (value - 1)) != 0) return;
    for (shift_ = 0; (std::int64_t{1} << shift_) < value;) ++shift_;
  }

  constexpr std::int64_t value() const { return value_; }

  constexpr std::int64_t quotient(std::int64_t number) const {
    if (shift_ >= 0) return number >> shift_;
    // The reciprocal falls short of 2^64 / value by 1 at most, and so does, as the number is less
    // than 2^63, its product with the number of number / value by less than 1/2: cut off, it is the
    // quotient or 1 less.
    __extension__ typedef unsigned __int128 Wide;
    const auto low = static_cast<std::int64_t>(
        static_cast<Wide>(static_cast<std::uint64_t>(number)) * reciprocal_ >> 64);
    return low + (number - low * value_ >= value_ ? 1 : 0);
  }
  /// The next whole number, where there is a rest.
  constexpr std::int64_t quotient_up(std::int64_t number) const {
    return quotient(number + value_ - 1);
  }
  constexpr std::int64_t rest(std::int64_t number) const {
    return number - quotient(number) * value_;
  }

 private:
  std::int64_t value_;
  std::uint64_t reciprocal_;
  int shift_ = -1;  ///< -1: not a power of two
};

}  // namespace simdse
