// What is reserved of the global buffer while a plan runs.
#pragma once

#include <map>
#include <vector>

#include "models/chip/chip.h"
#include "search/plan/plan.h"

namespace simdse {

/// Counts the bytes of the global buffer that regions hold: their rings while they run, and space
/// of tensors from the launch of the first region that touches it until all that do are done. Takes
/// the plan's addresses, but neither its order nor the peak that it states: whoever runs when
/// decides. Throws std::runtime_error when what is reserved at once does not fit the buffer, or
/// overlaps.
class BufferOccupancy {
 public:
  BufferOccupancy(const Chip& chip, const Plan& plan);

  void launched(RegionId region);
  void done(RegionId region);

  /// In whole lines of the allocator, as Plan::peak_buffer.
  Bytes peak() const { return Bytes(peak_); }

 private:
  /// A run of addresses, held while `users` is not 0.
  struct Space {
    std::int64_t address = 0;
    std::int64_t bytes = 0;
    std::size_t users = 0;  ///< regions that use it and are not done
    bool is_held = false;
  };

  void hold(RegionId region, const Space& space);

  std::int64_t capacity_;
  std::vector<Space> spaces_;
  std::vector<std::vector<std::size_t>> spaces_of_;  ///< by region
  std::map<std::int64_t, std::int64_t> held_;        ///< address -> end
  std::int64_t used_ = 0;
  std::int64_t peak_ = 0;
};

}  // namespace simdse
