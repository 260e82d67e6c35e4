// Address space handed out and taken back in plan order.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "search/plan/plan.h"

namespace simdse {

/// A range of addresses. Space that is given back remembers who used it, because whoever gets it
/// next may only start when they are done.
class Space {
 public:
  /// Where a search for free space starts.
  enum class Policy {
    rotating,  ///< behind the last allocation: reuse is late, so waiting for former users is rare
    lowest,    ///< at the lowest address: packs tightest
  };

  Space(std::int64_t begin, std::int64_t end, Policy policy);

  struct Grant {
    std::int64_t address = 0;
    std::vector<RegionId> former_users;
  };

  /// Empty when no free run of addresses is long enough.
  std::optional<Grant> allocate(std::int64_t bytes);

  void release(std::int64_t address, std::int64_t bytes, const std::vector<RegionId>& users);

  std::int64_t used() const { return used_; }

 private:
  struct FreeBlock {
    std::int64_t address = 0;
    std::int64_t size = 0;
    std::size_t former_users = 0;  ///< index into users_: blocks are moved often
  };

  /// The first free block at or behind an address.
  std::vector<FreeBlock>::iterator find(std::int64_t address);
  /// Grants the first run of `bytes` that begins with a block of [first, end); if there is none,
  /// empty.
  std::optional<Grant> take_first(std::size_t first, std::size_t end, std::int64_t bytes);
  Grant take(std::size_t first, std::int64_t bytes);

  Policy policy_;
  std::vector<FreeBlock> free_;               ///< by address
  std::vector<std::vector<RegionId>> users_;  ///< of the free blocks, in any order ...
  std::vector<std::size_t> unused_;           ///< ... and which of them are no block's
  std::int64_t rover_;
  std::int64_t used_ = 0;
};

}  // namespace simdse
