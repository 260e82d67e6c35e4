// Division by a number that stays the same.
#pragma once

#include <cstdint>

namespace simdse {

/// Divides non-negative numbers by a positive one. The processor's own division takes as long as
/// ten to forty simple instructions; by a number that is known beforehand it is a multiplication
/// and a shift (Granlund and Montgomery, "Division by invariant integers using multiplication",
/// PLDI 1994). Powers of two go the same way: a branch for them would be doubled with all the code
/// that follows it.
class Divisor {
 public:
  explicit constexpr Divisor(std::int64_t value) : value_(value) {
    while ((Wide{1} << shift_) < static_cast<Wide>(value)) ++shift_;
    const auto divisor = static_cast<Wide>(value);
    multiplier_ = static_cast<std::uint64_t>(((Wide{1} << (63 + shift_)) + divisor - 1) / divisor);
  }

  constexpr std::int64_t value() const { return value_; }

  constexpr std::int64_t quotient(std::int64_t number) const {
    // The multiplier is 2^(63 + shift) / value, rounded up: more than that by less than 1. With a
    // number below 2^63 the product is then above number / value by less than 1 / 2^shift, which is
    // at most 1 / value, and so by too little to reach the next whole number.
    const Wide twice = static_cast<std::uint64_t>(number) << 1;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(twice * multiplier_ >> 64) >>
                                     shift_);
  }
  /// The next whole number, where there is a rest.
  constexpr std::int64_t quotient_up(std::int64_t number) const {
    return quotient(number + value_ - 1);
  }
  constexpr std::int64_t rest(std::int64_t number) const {
    return number - quotient(number) * value_;
  }

 private:
  __extension__ typedef unsigned __int128 Wide;

  std::int64_t value_;
  std::uint64_t multiplier_ = 0;
  unsigned shift_ = 0;  ///< 2^shift_ is the least power of two that is not below the value
};

}  // namespace simdse
