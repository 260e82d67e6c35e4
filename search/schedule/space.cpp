#include "search/schedule/space.h"

#include <algorithm>

namespace simdse {

Space::Space(std::int64_t begin, std::int64_t end, Policy policy) : policy_(policy), rover_(begin) {
  if (end <= begin) return;
  free_.push_back({begin, end - begin, 0});
  users_.emplace_back();
}

std::vector<Space::FreeBlock>::iterator Space::find(std::int64_t address) {
  return std::lower_bound(
      free_.begin(), free_.end(), address,
      [](const FreeBlock& block, std::int64_t at) { return block.address < at; });
}

std::optional<Space::Grant> Space::take_first(std::size_t first, std::size_t end,
                                              std::int64_t bytes) {
  while (first < end) {
    // Neighbouring free blocks with different former users form one run.
    std::int64_t run = 0;
    std::size_t last = first;
    while (last < free_.size() && free_[last].address == free_[first].address + run &&
           run < bytes) {
      run += free_[last++].size;
    }
    if (run >= bytes) return take(first, bytes);
    first = last;  // what begins within a run that is too short is shorter
  }
  return std::nullopt;
}

Space::Grant Space::take(std::size_t first, std::int64_t bytes) {
  Grant grant;
  grant.address = free_[first].address;
  std::int64_t missing = bytes;
  std::size_t last = first;
  while (missing > 0) {
    FreeBlock& block = free_[last];
    const std::vector<RegionId>& users = users_[block.former_users];
    grant.former_users.insert(grant.former_users.end(), users.begin(), users.end());
    if (block.size > missing) {
      block.address += missing;
      block.size -= missing;
      break;
    }
    missing -= block.size;
    unused_.push_back(block.former_users);
    ++last;
  }
  free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(first),
              free_.begin() + static_cast<std::ptrdiff_t>(last));
  std::sort(grant.former_users.begin(), grant.former_users.end());
  grant.former_users.erase(std::unique(grant.former_users.begin(), grant.former_users.end()),
                           grant.former_users.end());
  rover_ = grant.address + bytes;
  used_ += bytes;
  return grant;
}

std::optional<Space::Grant> Space::allocate(std::int64_t bytes) {
  if (bytes <= 0) return Grant{rover_, {}};
  const auto start = policy_ == Policy::rotating
                         ? static_cast<std::size_t>(find(rover_) - free_.begin())
                         : std::size_t{0};
  auto grant = take_first(start, free_.size(), bytes);
  return grant ? grant : take_first(0, start, bytes);
}

void Space::release(std::int64_t address, std::int64_t bytes, const std::vector<RegionId>& users) {
  if (bytes <= 0) return;
  if (unused_.empty()) {
    unused_.push_back(users_.size());
    users_.emplace_back();
  }
  const std::size_t index = unused_.back();
  unused_.pop_back();
  users_[index] = users;
  free_.insert(find(address), {address, bytes, index});
  used_ -= bytes;
}

}  // namespace simdse
