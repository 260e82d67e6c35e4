// Contractions divided over cores along several axes at once.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "search/estimate/region_estimate.h"
#include "search/plan/plan_text.h"
#include "search/plan/plan_validator.h"
#include "search/schedule/planner.h"
#include "unit/random_grid.h"
#include "workloads/model_reader.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

/// A chip of many small cores, whatever its die.
Chip many_cores(std::vector<Override> overrides = {}) {
  overrides.push_back({"cores.0.count", "64"});
  overrides.push_back({"cores.0.rows", "16"});
  overrides.push_back({"cores.0.columns", "16"});
  Design design = load_design("tpu_v2", files(), overrides);
  auto technology = std::make_shared<const Technology>(load_technology(design.technology, files()));
  return Chip(std::move(design), std::move(technology));
}

const std::vector<Override> kFree = {
    {"global_buffer", "{type: ideal}"},
    {"noc", "{type: ideal}"},
    {"memory", "{type: ideal}"},
    {"dispatcher",
     "{type: sequencer, issue_interval: 0, launch_latency: 0, completion_latency: 0}"}};

/// Counts how often each byte of a range is touched.
class Coverage {
 public:
  void touch(std::int64_t address, Bytes bytes) {
    ++edges_[address];
    --edges_[address + bytes.value()];
  }
  /// True if every byte from 0 to `end` is touched `times` times and no other.
  bool is(std::int64_t times, std::int64_t end) const {
    std::int64_t depth = 0;
    for (const auto& [address, change] : edges_) {
      if (change == 0) continue;
      depth += change;
      if (depth != (address == end ? 0 : times)) return false;
    }
    return depth == 0 && !edges_.empty() && edges_.begin()->first == 0 &&
           edges_.rbegin()->first == end;
  }

 private:
  std::map<std::int64_t, std::int64_t> edges_;
};

TEST(Grid, PartsWriteEveryOutputOnceAndFetchHeldOperandsOnce) {
  const Chip chip = many_cores();
  RandomGrids grids(1);
  for (int i = 0; i < 200; ++i) {
    Region region = grids.next(chip);
    region.mapping.hold_outer = region.mapping.hold_inner = true;
    Coverage output;
    Coverage fetched[2];
    std::int64_t macs = 0;
    for (std::size_t part = 0; part < region.parts(); ++part) {
      for (PartProgram program(chip, region, part); !program.done(); program.next()) {
        const ProgramStep& step = program.step();
        macs += step.macs;
        for (const StepTransfer& store : step.stores) output.touch(store.address, store.bytes);
        for (const StageTransfer& block : step.staged) {
          fetched[block.operand].touch(block.memory_address, block.bytes);
        }
      }
    }
    EXPECT_EQ(macs, region.contraction->macs());
    EXPECT_TRUE(output.is(1, region.outputs[0].bytes.value())) << split_text(region.mapping.split);
    for (std::size_t operand = 0; operand < 2; ++operand) {
      EXPECT_TRUE(fetched[operand].is(1, region.inputs[operand].bytes.value()))
          << operand << ", " << split_text(region.mapping.split);
    }
  }
}

TEST(Grid, WhoSharesARingAsksForTheSameBlocks) {
  const Chip chip = many_cores();
  RandomGrids grids(2);
  for (int i = 0; i < 200; ++i) {
    const Region region = grids.next(chip);
    const Split& split = region.mapping.split;
    std::map<std::int64_t, std::int64_t> blocks[2];
    std::map<std::int64_t, std::int64_t> released[2];
    for (std::size_t part = 0; part < region.parts(); ++part) {
      std::int64_t last_blocks[2] = {0, 0};
      std::int64_t all_released[2] = {0, 0};
      std::int64_t all_staged[2] = {0, 0};
      for (PartProgram program(chip, region, part); !program.done(); program.next()) {
        const ProgramStep& step = program.step();
        for (const StageTransfer& block : step.staged) {
          all_staged[block.operand] += block.bytes.value();
        }
        for (std::size_t operand = 0; operand < 2; ++operand) {
          last_blocks[operand] = step.blocks_fetched[operand];
          all_released[operand] += step.released[operand].value();
        }
      }
      for (std::size_t operand = 0; operand < 2; ++operand) {
        const auto index = static_cast<std::int64_t>(part);
        const std::int64_t ring = split.ring_of(operand, index);
        EXPECT_LT(ring, split.rings(operand));
        const auto [count, is_first] = blocks[operand].try_emplace(ring, last_blocks[operand]);
        EXPECT_EQ(is_first, split.rank_of(operand, index) == 0);
        EXPECT_EQ(count->second, last_blocks[operand]);
        const auto [bytes, unused] = released[operand].try_emplace(ring, all_released[operand]);
        EXPECT_EQ(bytes->second, all_released[operand]);
        EXPECT_EQ(all_staged[operand], is_first ? all_released[operand] : 0);
      }
    }
  }
}

TEST(Grid, TheEstimateCountsTheTrafficOfAllParts) {
  const Chip chip = many_cores();
  const ChipRates rates = ChipRates::of(chip);
  RandomGrids grids(3);
  for (int i = 0; i < 200; ++i) {
    const Region region = grids.next(chip);
    std::int64_t memory = 0;
    std::int64_t buffer = 0;
    for (std::size_t part = 0; part < region.parts(); ++part) {
      for (PartProgram program(chip, region, part); !program.done(); program.next()) {
        for (const StageTransfer& block : program.step().staged) {
          memory += block.bytes.value();
          buffer += block.bytes.value();
        }
        for (const StepTransfer& load : program.step().tensor_loads) buffer += load.bytes.value();
        for (const StepTransfer& store : program.step().stores) memory += store.bytes.value();
      }
    }
    const RegionEstimate estimate = estimate_region(chip, rates, region);
    EXPECT_EQ(estimate.bound(Resource::memory).traffic, Bytes(memory));
    EXPECT_EQ(estimate.bound(Resource::buffer).traffic, Bytes(buffer));
    EXPECT_EQ(estimate.macs, region.contraction->macs());
  }
}

TEST(Grid, WithFreeMemoryItTakesAsLongAsItsLargestPart) {
  const Chip chip = many_cores(kFree);
  const ChipRates rates = ChipRates::of(chip);
  RandomGrids grids(4);
  for (int i = 0; i < 100; ++i) {
    const Region region = grids.next(chip);
    const ContractionShape part = part_shape(*region.contraction, region.mapping.split, 0);
    ContractionMapping alone = region.mapping;
    alone.split = Split{};
    EXPECT_EQ(estimate_region(chip, rates, region).cycles,
              estimate_region(chip, rates, region_of(part, alone)).cycles);
  }
}

/// The plan of one product on a chip of `cores` arrays of 128x128 to which memory is free.
Plan plan_of_product(const std::string& sizes, const std::string& cores) {
  std::vector<Override> overrides = kFree;
  overrides.push_back({"cores.0.count", cores});
  Design design = load_design("tpu_v2", files(), overrides);
  auto technology = std::make_shared<const Technology>(load_technology(design.technology, files()));
  const Chip chip(std::move(design), std::move(technology));
  const Graph graph = read_model(
      parse_config("operators: [{name: g, kind: gemm, " + sizes + "}]", "g"), {{"batch", 1}}, {});
  const TaskGraph tasks = build_task_graph(graph);
  Plan plan = make_plan(chip, tasks).plan;
  EXPECT_TRUE(validate_plan(graph, chip, plan).empty());
  return plan;
}

TEST(Grid, IsChosenWhereOneAxisWouldEmptyTheArrays) {
  // Four by four parts fill 16 arrays of 128x128 once; of 16 slices along m or n each fills an
  // eighth of an array four times.
  const Plan plan = plan_of_product("m: 512, n: 512, k: 8192", "16");
  ASSERT_EQ(plan.regions.size(), 1U);
  EXPECT_EQ(plan.regions[0].mapping.split, (Split{1, 4, 4, 1}));
  // Two cores have no grid.
  EXPECT_EQ(plan_of_product("m: 512, n: 512, k: 8192", "2").regions[0].parts(), 2U);
}

TEST(Grid, PlansReadBackAsThemselves) {
  const Plan plan = plan_of_product("m: 512, n: 512, k: 8192", "16");
  const std::string text = plan_to_text(plan);
  EXPECT_NE(text.find("\"split\":[1,4,4,1]"), std::string::npos) << text;
  EXPECT_EQ(plan_to_text(plan_from_text(text, "grid")), text);
  std::string other = text;
  other.replace(other.find("[1,4,4,1]"), 9, "[1,4,0,1]");
  try {
    plan_from_text(other, "grid");
    FAIL() << "an axis with no part is read";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "grid: is not a plan: regions.0.mapping.split.2: 0 is not a whole number from 1 "
                 "to 32768");
  }
}

TEST(Grid, SharersOfARingMustFetchAlike) {
  // n is divided into 9 and 8: in panels of 4 the first part passes A three times, the second
  // twice.
  const ContractionShape whole{1, 16, 17, 8};
  ContractionMapping mapping;
  mapping.split = {1, 1, 2, 1};
  mapping.tile = mapping.block = {4, 4, 8};
  mapping.panel_m = mapping.panel_n = 4;
  mapping.hold_outer = false;
  EXPECT_FALSE(sharers_agree(whole, mapping));
  mapping.panel_n = 3;
  EXPECT_TRUE(sharers_agree(whole, mapping));
  mapping.panel_n = 4;
  mapping.hold_outer = true;
  EXPECT_TRUE(sharers_agree(whole, mapping));
  mapping.n_is_outer = true;  // now A is the inner one
  EXPECT_FALSE(sharers_agree(whole, mapping));
  mapping.hold_inner = true;
  EXPECT_TRUE(sharers_agree(whole, mapping));
}

TEST(Grid, SplitsHaveNames) {
  EXPECT_EQ(split_text({1, 1, 1, 1}), "one core");
  EXPECT_EQ(split_text({1, 4, 1, 1}), "m split over 4 cores");
  EXPECT_EQ(split_text({1, 16, 27, 1}), "m x n split over 16 x 27 cores");
  EXPECT_EQ(split_text({2, 1, 3, 1}), "batch x n split over 2 x 3 cores");
}

}  // namespace
}  // namespace simdse
