// Spreading of addresses, against counting byte by byte.
#include "models/core/interleave.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "models/noc/port_spread.h"

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
    std::vector<std::pair<std::int64_t, std::int64_t>> in_order;
    Interleave(count, granule)
        .for_each(address, bytes, [&](std::int64_t unit, std::int64_t share, std::int64_t) {
          in_order.emplace_back(unit, share);
        });
    std::vector<std::pair<std::int64_t, std::int64_t>> shares;
    Interleave(count, granule).for_each_share(address, bytes, [&](auto unit, auto share) {
      shares.emplace_back(unit, share);
    });
    EXPECT_EQ(shares, in_order) << count << " " << granule << " " << address << " " << bytes;
    std::int64_t most = 0;
    for (const auto& [unit, share] : expected) most = std::max(most, share.first);
    EXPECT_EQ(Interleave(count, granule).largest_share(address, bytes), most);
    EXPECT_EQ(Interleave(count, granule).unit_of(address), address / granule % count);
  }
}

TEST(PortSpread, AddsUpTheSharesOfAllPartsInTheOrderInWhichPortsAreMet) {
  struct Part {
    std::int64_t offset;
    std::int64_t bytes;
  };
  std::mt19937_64 random(2);
  const auto below = [&](std::uint64_t bound) {
    return static_cast<std::int64_t>(random() % bound);
  };
  for (int i = 0; i < 300; ++i) {
    const Interleave interleave(1 + below(7), std::int64_t{1} << random() % 4);
    // Ports may share an endpoint.
    std::vector<std::int64_t> endpoints;
    for (std::int64_t port = 0; port < interleave.count(); ++port) endpoints.push_back(port / 2);
    PortSpread spread(interleave, endpoints);
    for (int transfer = 0; transfer < 10; ++transfer) {
      const std::int64_t base = below(200);
      std::vector<Part> parts;
      for (std::int64_t count = 1 + below(4); count > 0; --count) {
        parts.push_back({below(300), 1 + below(random() % 2 == 0 ? 8 : 300)});
      }
      std::vector<std::int64_t> met;
      std::map<std::int64_t, std::int64_t> shares;
      for (const Part& part : parts) {
        interleave.for_each(base + part.offset, part.bytes,
                            [&](std::int64_t port, std::int64_t bytes, std::int64_t) {
                              if (shares.find(port) == shares.end()) met.push_back(port);
                              shares[port] += bytes;
                            });
      }
      const std::vector<NocCore::Transfer::Piece>& pieces = spread.of(base, parts);
      ASSERT_EQ(pieces.size(), met.size());
      for (std::size_t k = 0; k < met.size(); ++k) {
        EXPECT_EQ(pieces[k].far, met[k] / 2);
        EXPECT_EQ(pieces[k].bytes, shares[met[k]]);
      }
    }
  }
}

}  // namespace
}  // namespace simdse
