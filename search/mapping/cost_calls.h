// How much work of cost models an answer took, whatever the machine's speed.
#pragma once

#include <cstdint>

namespace simdse {

/// Counts layer-cost calls. One call works out what one operator (or a group of fused ones) costs
/// in one way of running it: a tile in the mapper, a mapping in the mapper, or a region in the
/// estimate.
class CostCalls {
 public:
  void add(std::int64_t calls) { count_ += calls; }
  std::int64_t count() const { return count_; }

 private:
  std::int64_t count_ = 0;
};

/// For what may be asked to count, or not.
inline void count_calls(CostCalls* calls, std::int64_t count) {
  if (calls != nullptr) calls->add(count);
}

}  // namespace simdse
