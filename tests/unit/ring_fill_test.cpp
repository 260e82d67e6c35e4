// The beginning of a region, in which its rings are filled: by hand.
#include "search/estimate/ring_fill.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "search/estimate/plan_estimate.h"
#include "search/schedule/planner.h"
#include "workloads/model_reader.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

/// A product whose blocks of A, one for each of `steps`, pass a ring with room for `room` of them.
/// Every step ends `step_cycles` after the one before.
RingFill ring_fill(std::int64_t room, std::int64_t steps, std::int64_t step_cycles) {
  constexpr Bytes block(100);
  Region region;
  region.contraction.emplace();
  region.inputs.resize(2);
  region.inputs[0].path = Path::staged;
  region.inputs[0].ring_bytes = Bytes(block.value() * room);
  RingFill fill(region);
  ProgramStep step;
  step.staged = {{0, block, 0, 0}};
  for (std::int64_t i = 1; i <= steps; ++i) fill.append(step, Cycles(i * step_cycles));
  return fill;
}

// 10 steps of 50 cycles and 20 of launch. The buffer copies a block in 60 cycles and serves what
// cores load for a step in 10: in the end there is time enough, and in the beginning there is not.
TEST(RingFill, TheBeginningTakesAtLeastWhatIsCopiedInIt) {
  RegionWork work;
  work.launch = 20;
  work.chain = 500;
  work.cycles = 520;
  work.staged = 400;
  work.staged_memory = 40;
  work.memory = 40 + 50;
  work.staged_buffer = 240;
  work.buffer = 240 + 100;
  // All four blocks have room: they are copied in the first four steps, the rest has loads alone.
  RingFill fill = ring_fill(4, 4, 50);
  const ProgramStep without_block;
  for (std::int64_t i = 5; i <= 10; ++i) fill.append(without_block, Cycles(i * 50));
  const auto [begin, rest] = fill.phases(work);
  EXPECT_DOUBLE_EQ(begin.staged, 400);
  EXPECT_DOUBLE_EQ(begin.memory, 40 + 4 * 5);
  EXPECT_DOUBLE_EQ(begin.buffer, 240 + 4 * 10);
  EXPECT_DOUBLE_EQ(begin.cycles, 280);  // not 20 + 4 x 50
  EXPECT_DOUBLE_EQ(rest.staged, 0);
  EXPECT_DOUBLE_EQ(rest.memory, 6 * 5);
  EXPECT_DOUBLE_EQ(rest.buffer, 6 * 10);
  EXPECT_DOUBLE_EQ(rest.cycles, 300);
  // A buffer that is fast enough for the beginning leaves the time as it is.
  work.staged_buffer = 120;
  work.buffer = 120 + 100;
  const auto [faster_begin, faster_rest] = fill.phases(work);
  EXPECT_DOUBLE_EQ(faster_begin.cycles, 220);
  EXPECT_DOUBLE_EQ(faster_begin.cycles + faster_rest.cycles, work.cycles);
}

TEST(RingFill, WhatWaitsForRoomIsNotPartOfIt) {
  RegionWork work;
  work.chain = 500;
  work.cycles = 500;
  work.staged = 1000;
  work.staged_memory = work.memory = 100;
  work.staged_buffer = work.buffer = 200;
  const auto [begin, rest] = ring_fill(4, 10, 50).phases(work);
  EXPECT_DOUBLE_EQ(begin.staged, 400);
  EXPECT_DOUBLE_EQ(begin.cycles, 200);
  EXPECT_DOUBLE_EQ(rest.staged, 600);
  EXPECT_DOUBLE_EQ(rest.cycles, 300);
  // With room for all, or for none, time is not split.
  for (const std::int64_t room : {10, 0}) {
    const auto [none, whole] = ring_fill(room, 10, 50).phases(work);
    EXPECT_EQ(none.cycles, 0);
    EXPECT_EQ(none.staged, 0);
    EXPECT_EQ(whole.cycles, 500);
    EXPECT_EQ(whole.staged, 1000);
    EXPECT_EQ(whole.memory, 100);
    EXPECT_EQ(whole.buffer, 200);
  }
}

// What memory binds is as fast as it is, whenever the traffic comes.
TEST(RingFill, MemoryBoundTimeStaysAsItIs) {
  RegionWork work;
  work.launch = 20;
  work.chain = 500;
  work.cycles = 2100;
  work.staged = 1000;
  work.staged_memory = 1500;
  work.memory = 2000;
  const auto [begin, rest] = ring_fill(4, 10, 50).phases(work);
  EXPECT_DOUBLE_EQ(begin.memory, 800);
  EXPECT_DOUBLE_EQ(rest.memory, 1200);
  EXPECT_DOUBLE_EQ(begin.cycles + rest.cycles, 2100);
}

TEST(RingFill, PhasesOfRegionsAddUp) {
  const Workload workload = load_workload("bert_large", files(), {{"layers", "1"}});
  const Graph graph = derive_training_step(workload.forward, workload.training);
  const TaskGraph tasks = build_task_graph(graph);
  std::size_t split = 0;
  for (const char* banks : {"8", "32"}) {
    const Chip chip = load_chip("tpu_v2", files(), {{"global_buffer.banks", banks}});
    const PlanEstimate e = estimate_plan(chip, make_plan(chip, tasks).plan);
    for (const RegionEstimate& region : e.regions) {
      const auto& [begin, rest] = region.phases;
      split += begin.cycles > 0;
      EXPECT_NEAR(begin.cycles + rest.cycles, region.cycles, 1e-6 * region.cycles);
      EXPECT_NEAR(begin.memory + rest.memory, region.bound(Resource::memory).cycles, 1e-3);
      EXPECT_NEAR(begin.buffer + rest.buffer, region.bound(Resource::buffer).cycles, 1e-3);
      for (const RegionPhase& phase : region.phases) {
        EXPECT_LE(std::max(phase.memory, phase.buffer), phase.cycles * (1 + 1e-9));
      }
    }
  }
  EXPECT_GT(split, 0U);
}

}  // namespace
}  // namespace simdse
