// How rows find their banks: every burst in one place, no place for two, and strides spread.
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "models/memory/hbm_channel.h"
#include "models/memory/hbm_command_core.h"
#include "tlm/memory_load.h"

namespace simdse {
namespace {

using Hash = Hbm::BankHash;
using Order = AccessPattern::Order;

/// One stack without refresh, whose bursts take turns over the bank groups or fill row after row.
Hbm memory_of(Hbm::Mapping mapping, Hash hash) {
  Hbm::Params params;
  params.stacks = 1;
  params.t_refi = Seconds(std::numeric_limits<double>::infinity());
  params.t_controller = Seconds(0);
  params.mapping = mapping;
  params.bank_hash = hash;
  return Hbm(params, {Clock(Hertz(1e9)), 1});
}

TEST(BankSets, GroupsOfRowsLieInEverySetOnce) {
  for (const bool is_hashed : {false, true}) {
    for (std::int64_t count = 1; count <= 64; count *= 2) {
      const BankSets sets(count, is_hashed);
      EXPECT_EQ(sets.count(), count);
      for (std::int64_t group = 0; group < 2 * count; ++group) {
        std::set<std::int64_t> met;
        for (std::int64_t i = 0; i < count; ++i) met.insert(sets.of(group * count + i));
        EXPECT_EQ(met.size(), static_cast<std::size_t>(count)) << group;
        EXPECT_GE(*met.begin(), 0);
        EXPECT_LT(*met.rbegin(), count);
      }
      for (std::int64_t first = 0; first < 2 * count * count; ++first) {
        std::set<std::int64_t> met;
        for (std::int64_t i = 0; i < sets.rows_to_all(); ++i) met.insert(sets.of(first + i));
        EXPECT_EQ(met.size(), static_cast<std::size_t>(count)) << first;
      }
    }
  }
}

TEST(BankSets, RowsAGroupApartMeetUnlessHashed) {
  const BankSets plain(16, false);
  const BankSets hashed(16, true);
  EXPECT_EQ(plain.of(0x123), 0x3);
  EXPECT_EQ(hashed.of(0x123), 0x3 ^ 0x2);
  std::set<std::int64_t> met, met_hashed;
  for (std::int64_t i = 0; i < 16; ++i) {
    met.insert(plain.of(5 + 16 * i));
    met_hashed.insert(hashed.of(5 + 16 * i));
  }
  EXPECT_EQ(met.size(), 1U);
  EXPECT_EQ(met_hashed.size(), 16U);
}

/// Reads by (channel, bank, row).
class Places : public DramCommandObserver {
 public:
  void command(std::int64_t channel, const DramCommand& c) override {
    if (c.kind == DramCommand::Kind::read) ++reads[{channel, c.bank, c.row}];
  }
  std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t>, std::int64_t> reads;
};

Places places_of(const Hbm& memory, Order order, std::int64_t stride, std::int64_t blocks) {
  HbmCommandCore core(memory);
  Places places;
  core.watch(&places);
  const AccessPattern pattern = {order, Bytes(256), Bytes(stride), 0, memory.queue_depth()};
  MemoryLoadRun(core, pattern, memory.capacity(), blocks).run();
  return places;
}

class HbmBankHash : public testing::TestWithParam<std::tuple<Hbm::Mapping, Hash>> {
 protected:
  const Hash hash = std::get<1>(GetParam());
  const Hbm memory = memory_of(std::get<0>(GetParam()), hash);
  const Hbm::Params& p = memory.params();
  const std::int64_t sets = p.banks / memory.lanes();

  std::int64_t set_of(std::int64_t row) const {
    return hash == Hash::none ? row % sets : row % sets ^ row / sets % sets;
  }
};

INSTANTIATE_TEST_SUITE_P(Mappings, HbmBankHash,
                         testing::Combine(testing::Values(Hbm::Mapping::row_bank_column,
                                                          Hbm::Mapping::row_bank_column_group),
                                          testing::Values(Hash::none, Hash::row_xor)));

// All bytes of 256 groups of rows, each once: no two rows share a place, and each has all its
// bursts.
TEST_P(HbmBankHash, EveryBurstHasAPlaceOfItsOwn) {
  const std::int64_t rows = 2 * sets * sets;
  const std::int64_t bytes = rows * p.row_size.value() * memory.lanes() * memory.channels();
  const Places places = places_of(memory, Order::sequential, 0, bytes / 256);
  std::set<std::tuple<std::int64_t, std::int64_t, std::int64_t>> rows_of_banks;
  for (const auto& [place, reads] : places.reads) {
    const auto [channel, bank, row] = place;
    EXPECT_EQ(reads, p.row_size.value() / memory.access_size().value());
    EXPECT_EQ(bank / memory.lanes(), set_of(row)) << row;
    EXPECT_TRUE(rows_of_banks.insert({channel, bank, row / sets}).second) << row;
  }
  EXPECT_EQ(rows_of_banks.size(),
            static_cast<std::size_t>(rows * memory.lanes() * memory.channels()));
}

TEST_P(HbmBankHash, AStrideWithinOneSetOfBanksIsSpreadOverAll) {
  const std::int64_t stride = p.row_size.value() * p.banks * memory.channels();
  std::set<std::int64_t> met;
  for (const auto& [place, reads] : places_of(memory, Order::stride, stride, 500).reads) {
    met.insert(std::get<1>(place) / memory.lanes());
  }
  EXPECT_EQ(met.size(), static_cast<std::size_t>(hash == Hash::none ? 1 : sets));
}

// In the aggregated mode too: after a run, the last row in each bank is open. A burst of it needs
// no activate; one of another row finds the bank open or, where the run did not come, closed.
TEST_P(HbmBankHash, ARunLeavesTheLastRowOfEachBankOpen) {
  const HbmTiming timing(memory);
  const std::int64_t row_bytes = p.row_size.value() * memory.lanes();
  for (const std::int64_t first : {std::int64_t{0}, sets - 1, sets * sets / 2 - 3}) {
    for (const std::int64_t rows : {std::int64_t{1}, std::int64_t{2}, sets, 3 * sets + 1}) {
      HbmChannel channel(timing);
      const Picoseconds time = 1'000'000;
      channel.serve(timing, 0, {false, first * row_bytes, rows * row_bytes, time, time});
      std::map<std::int64_t, std::int64_t> open;
      for (std::int64_t row = first; row < first + rows; ++row) {
        open[set_of(row)] = row;
      }
      for (std::int64_t row = 0; row < 2 * sets * sets; ++row) {
        const auto found = open.find(set_of(row));
        Seconds expected = p.t_cl;
        if (found == open.end()) {
          expected = p.t_rcd + p.t_cl;
        } else if (found->second != row) {
          expected = p.t_rp + p.t_rcd + p.t_cl;
        }
        HbmChannel later = channel;
        const Picoseconds asked = 100 * time;
        const StorageSpan span =
            later.serve(timing, asked, {false, row * row_bytes, 64, 2000, 2000});
        EXPECT_EQ(span.head - asked, to_picoseconds(expected))
            << first << " " << rows << " " << row;
      }
    }
  }
}

}  // namespace
}  // namespace simdse
