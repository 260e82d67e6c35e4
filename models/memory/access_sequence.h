// The accesses of a load, one by one.
#pragma once

#include <cstdint>
#include <random>

#include "models/memory/access_pattern.h"

namespace simdse {

/// Addresses and directions of a pattern's blocks within a memory of `capacity` bytes.
///
/// A stride that comes to the end of the memory begins again one block further on, so that no block
/// is visited twice before all were.
class AccessSequence {
 public:
  struct Access {
    std::int64_t address = 0;
    bool is_write = false;
  };

  AccessSequence(const AccessPattern& pattern, Bytes capacity, std::uint64_t seed);

  Access next();

 private:
  std::int64_t next_address();

  AccessPattern::Order order_;
  std::int64_t block_;
  std::int64_t stride_;
  double write_share_;
  std::int64_t per_pass_;  ///< blocks before the end of the memory
  std::int64_t lanes_;     ///< blocks that fit into a stride
  std::int64_t count_ = 0;
  std::mt19937_64 random_;
};

}  // namespace simdse
