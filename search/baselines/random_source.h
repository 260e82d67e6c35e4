// Random numbers that are the same on every machine.
#pragma once

#include <cstdint>
#include <random>

namespace simdse {

/// The standard's generators are defined to the bit, its distributions are not: these are our own.
class Random {
 public:
  explicit Random(std::uint64_t seed) : generator_(seed) {}

  std::uint64_t bits() { return generator_(); }
  /// From 0 to `count` - 1. The bias of the remainder is below 2^-40 for what is counted here.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(generator_() % count); }
  /// In [0, 1).
  double uniform() { return static_cast<double>(generator_() >> 11) * 0x1.0p-53; }
  bool chance(double probability) { return uniform() < probability; }

 private:
  std::mt19937_64 generator_;
};

}  // namespace simdse
