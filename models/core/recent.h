// What a function gave for the arguments of late.
#pragma once

#include <array>
#include <cstdint>

namespace simdse {

/// Remembers a few values by the two numbers (not negative) that they depend on. Transfers of some
/// few sizes take turns, and what follows from a size need not be worked out for each.
template <class Value>
class Recent {
 public:
  /// What make() gives: it is called if it was not for the same numbers lately.
  template <class Make>
  const Value& of(std::int64_t a, std::int64_t b, Make&& make) {
    Entry& entry = entries_[place_of(a, b)];
    if (entry.a != a || entry.b != b) fill(entry, a, b, make);
    return entry.value;
  }

 private:
  struct Entry {
    std::int64_t a = -1;
    std::int64_t b = -1;
    Value value{};
  };

  /// Seldom: out of the way of what asks, whose code lies closer together without it.
  template <class Make>
  [[gnu::cold, gnu::noinline]] static void fill(Entry& entry, std::int64_t a, std::int64_t b,
                                                Make& make) {
    entry = {a, b, make()};
  }

  static constexpr unsigned kBits = 4;

  /// Sizes differ in few of their bits: a product spreads them to its highest.
  static std::size_t place_of(std::int64_t a, std::int64_t b) {
    constexpr std::uint64_t spread = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio
    const std::uint64_t mixed =
        static_cast<std::uint64_t>(a) * spread ^ static_cast<std::uint64_t>(b);
    return static_cast<std::size_t>(mixed * spread >> (64 - kBits));
  }

  std::array<Entry, std::size_t{1} << kBits> entries_;
};

}  // namespace simdse
