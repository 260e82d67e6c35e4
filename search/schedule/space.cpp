#include "search/schedule/space.h"

#include <algorithm>

namespace simdse {

Space::Space(std::int64_t begin, std::int64_t end, Policy policy) : policy_(policy), rover_(begin) {
  if (end > begin) free_[begin] = {end - begin, {}};
}

std::optional<Space::Grant> Space::take_from(FreeBlocks::iterator first, std::int64_t bytes) {
  // Neighbouring free blocks with different former users form one run.
  std::int64_t run = 0;
  auto last = first;
  while (last != free_.end() && last->first == first->first + run && run < bytes) {
    run += last->second.size;
    ++last;
  }
  if (run < bytes) return std::nullopt;
  Grant grant;
  grant.address = first->first;
  std::int64_t missing = bytes;
  for (auto at = first; at != last;) {
    const std::int64_t address = at->first;
    FreeBlock block = std::move(at->second);
    grant.former_users.insert(grant.former_users.end(), block.former_users.begin(),
                              block.former_users.end());
    at = free_.erase(at);
    if (block.size > missing) {
      block.size -= missing;
      free_.emplace(address + missing, std::move(block));
      break;
    }
    missing -= block.size;
  }
  std::sort(grant.former_users.begin(), grant.former_users.end());
  grant.former_users.erase(std::unique(grant.former_users.begin(), grant.former_users.end()),
                           grant.former_users.end());
  rover_ = grant.address + bytes;
  used_ += bytes;
  return grant;
}

std::optional<Space::Grant> Space::allocate(std::int64_t bytes) {
  if (bytes <= 0) return Grant{rover_, {}};
  const auto start = policy_ == Policy::rotating ? free_.lower_bound(rover_) : free_.begin();
  for (auto at = start; at != free_.end(); ++at) {
    if (auto grant = take_from(at, bytes)) return grant;
  }
  for (auto at = free_.begin(); at != start; ++at) {
    if (auto grant = take_from(at, bytes)) return grant;
  }
  return std::nullopt;
}

void Space::release(std::int64_t address, std::int64_t bytes, const std::vector<RegionId>& users) {
  if (bytes <= 0) return;
  free_.emplace(address, FreeBlock{bytes, users});
  used_ -= bytes;
}

}  // namespace simdse
