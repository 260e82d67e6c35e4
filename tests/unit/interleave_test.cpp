// Spreading of addresses, against counting byte by byte.
#include "models/core/interleave.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace simdse {
namespace {

TEST(Interleave, SharesAreThoseOfCountingBytes) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 3000; ++i) {
    const auto count = static_cast<std::int64_t>(1 + random() % 7);
    const std::int64_t granule = std::int64_t{1} << random() % 4;
    const auto address = static_cast<std::int64_t>(random() % 200);
    const auto bytes = static_cast<std::int64_t>(1 + random() % 300);
    std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> expected;  // bytes, first
    for (std::int64_t at = address; at < address + bytes; ++at) {
      const std::int64_t index = at / granule;
      const std::int64_t local = index / count * granule + at % granule;
      const auto [entry, is_new] = expected.try_emplace(index % count, 0, local);
      ++entry->second.first;
    }
    std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> found;
    Interleave(count, granule)
        .for_each(address, bytes, [&](std::int64_t unit, std::int64_t share, std::int64_t first) {
          EXPECT_TRUE(found.try_emplace(unit, share, first).second);
        });
    EXPECT_EQ(found, expected) << count << " " << granule << " " << address << " " << bytes;
    std::int64_t most = 0;
    for (const auto& [unit, share] : expected) most = std::max(most, share.first);
    EXPECT_EQ(Interleave(count, granule).largest_share(address, bytes), most);
    EXPECT_EQ(Interleave(count, granule).unit_of(address), address / granule % count);
  }
}

}  // namespace
}  // namespace simdse
