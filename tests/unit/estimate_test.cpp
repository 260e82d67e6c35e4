// The estimate: bounds that can be worked out by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "models/vector_core/simd.h"
#include "search/estimate/plan_estimate.h"
#include "search/estimate/sharing.h"
#include "search/schedule/planner.h"
#include "workloads/model_reader.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

/// Passes over its memory as often as the operator does over its rows.
class RereadingVector : public Simd {
 public:
  using Simd::Simd;
  TileTiming timing(const VectorShape& tile) const override {
    TileTiming timing = Simd::timing(tile);
    timing.body = timing.body * tile.passes;
    return timing;
  }
};
const RegisterBlock<RereadingVector> registration("vector_core", "rereading", "counts passes");

/// One forward GEMM on a chip: its plan and estimate.
struct OneGemm {
  OneGemm(std::int64_t m, std::int64_t n, std::int64_t k, const std::vector<Override>& design)
      : chip(load_chip("tpu_v2", files(), design)),
        graph(read_model(
            parse_config("operators: [{name: g, kind: gemm, m: " + std::to_string(m) +
                             ", n: " + std::to_string(n) + ", k: " + std::to_string(k) + "}]",
                         "g"),
            {{"batch", 1}}, {})),
        tasks(build_task_graph(graph)),
        plan(make_plan(chip, tasks).plan),
        estimate(estimate_plan(chip, plan)) {}

  Chip chip;
  Graph graph;
  TaskGraph tasks;
  Plan plan;
  PlanEstimate estimate;
};

TEST(Estimate, MatrixBoundIsTheArraysClosedForm) {
  const OneGemm g(4096, 4096, 1024, {{"cores.0.count", "1"}});
  // 8 x 32 folds of 4096 rows: every fold costs its stream.
  const double ideal = 8.0 * 32 * 4096;
  const RegionEstimate& e = g.estimate.regions[0];
  EXPECT_GE(e.bound(Resource::matrix).cycles, ideal);
  EXPECT_LE(e.bound(Resource::matrix).cycles, ideal * 1.005);
  EXPECT_EQ(e.binding, Resource::matrix);
  EXPECT_EQ(e.macs, 4096LL * 4096 * 1024);
}

TEST(Estimate, MemoryTrafficIsCompulsoryWhenTheBufferIsLarge) {
  const OneGemm g(4096, 4096, 1024, {{"global_buffer.capacity", "64 MiB"}});
  const std::int64_t compulsory = 2 * (4096LL * 1024 + 1024 * 4096 + 4096LL * 4096);
  EXPECT_EQ(g.estimate.regions[0].bound(Resource::memory).traffic, Bytes(compulsory));
  const double clock = 2 / 1.3671875;  // ns: two transfers; a refresh takes whole clocks
  const double refresh = std::ceil(260 / clock) * clock;
  const double rate = 700e9 * (1 - refresh / 3900) / 700e6;  // bytes per cycle after refresh
  const RegionEstimate& e = g.estimate.regions[0];
  EXPECT_NEAR(e.bound(Resource::memory).cycles - e.turning, static_cast<double>(compulsory) / rate,
              1);
}

TEST(Estimate, MemoryTurnsForWritesBetweenReads) {
  // Output blocks are smaller than the 512 B in a row that each of 64 channels writes, so they pay
  // by their bytes; what is read of all bytes is also the chance that a read comes before.
  const OneGemm g(4096, 4096, 1024, {{"global_buffer.capacity", "64 MiB"}});
  const double clock = 2 / 1.3671875;  // ns: times take whole clocks, a burst two
  const auto whole = [&](double ns) { return std::ceil(ns / clock) * clock; };
  const double turn = (whole(6) + whole(13) + whole(4) - 2 * clock) * 0.7;  // tWTR + tRTW + tCWL
  const double written = 2.0 * 4096 * 4096;
  const double read = 2.0 * 2 * 4096 * 1024;
  const double chance = read / (read + written);
  EXPECT_NEAR(g.estimate.regions[0].turning, chance * turn * written / (512.0 * 64), 1);
  const OneGemm free(4096, 4096, 1024, {{"memory", "{type: ideal}"}});
  EXPECT_EQ(free.estimate.regions[0].turning, 0);
}

TEST(Estimate, ASmallBufferCostsTraffic) {
  const OneGemm large(4096, 4096, 4096, {{"global_buffer.capacity", "64 MiB"}});
  const OneGemm small(4096, 4096, 4096, {{"global_buffer.capacity", "1 MiB"}});
  EXPECT_GT(small.estimate.regions[0].bound(Resource::memory).traffic,
            large.estimate.regions[0].bound(Resource::memory).traffic);
}

TEST(Estimate, SplittingOverCoresHalvesALargeProduct) {
  const OneGemm one(4096, 4096, 4096, {{"cores.0.count", "1"}});
  const OneGemm two(4096, 4096, 4096, {{"cores.0.count", "2"}});
  EXPECT_NEAR(one.estimate.cycles / two.estimate.cycles, 2, 0.02);
  EXPECT_EQ(two.plan.regions[0].tensor_cores.size(), 2U);
}

TEST(Estimate, AnAxisWithoutEnoughRowsIsSplitAlongK) {
  // 64 x 128 outputs fill half an array: dividing M or N would only empty it further.
  const OneGemm g(64, 128, 400000, {{"cores.0.count", "2"}});
  EXPECT_EQ(g.plan.regions[0].mapping.split, (Split{1, 1, 1, 2}));
  ASSERT_EQ(g.plan.regions.size(), 2U);  // and a reduction
  EXPECT_FALSE(g.plan.regions[1].contraction.has_value());
  const OneGemm one(64, 128, 400000, {{"cores.0.count", "1"}});
  EXPECT_LT(g.estimate.cycles, 0.6 * one.estimate.cycles);
}

TEST(Estimate, SharesOfTheTimeSumToOne) {
  for (const char* model : {"bert_large", "resnet50"}) {
    const Workload workload = load_workload(model, files(), {});
    const Graph graph = derive_training_step(workload.forward, workload.training);
    const TaskGraph tasks = build_task_graph(graph);
    const Chip chip = load_chip("tpu_v2", files());
    const PlanEstimate e = estimate_plan(chip, make_plan(chip, tasks).plan);
    EXPECT_NEAR(std::accumulate(e.breakdown.begin(), e.breakdown.end(), 0.0), 1, 1e-9);
    for (const double share : e.breakdown) EXPECT_GE(share, 0);
    EXPECT_GE(e.cycles, e.contention_free_cycles * (1 - 1e-12));
    EXPECT_GT(e.energy.value(), 0);
  }
}

TEST(Estimate, NeverBelowTheCriticalPathNorTheRoofline) {
  for (const char* model : {"bert_large", "resnet50"}) {
    const Workload workload = load_workload(model, files(), {});
    const Graph graph = derive_training_step(workload.forward, workload.training);
    const TaskGraph tasks = build_task_graph(graph);
    for (const char* design : {"tpu_v2", "tpu_v3", "nvdla_like"}) {
      const Chip chip = load_chip(design, files());
      const PlanResult planned = make_plan(chip, tasks);
      const PlanEstimate e = estimate_plan(chip, planned.plan);
      double traffic = 0;
      for (const RegionEstimate& region : e.regions) {
        traffic += to_double(region.bound(Resource::memory).traffic);
      }
      EXPECT_GE(e.time.value(), e.macs / chip.peak_macs_per_second());
      EXPECT_GE(e.time.value(), traffic / chip.memory().sustained_bandwidth().value());
    }
  }
}

/// A region that asks for `share` of the memory and waits `waits` times in its time of 1.
Sharer memory_user(double share, double waits, double base = 0) {
  Sharer sharer;
  sharer.demand = {share, 0, 0};
  sharer.responses.fill({base, waits});
  return sharer;
}

TEST(Sharing, NobodyIsSlowedWhileThereIsEnough) {
  std::vector<Share> shares;
  share_speeds({memory_user(0.4, 5), memory_user(0.6, 1)}, shares);
  for (const Share& share : shares) EXPECT_EQ(share.speed, 1);
}

TEST(Sharing, EqualsShareEqually) {
  std::vector<Share> shares;
  share_speeds({memory_user(0.9, 7), memory_user(0.9, 7), memory_user(0.9, 7)}, shares);
  for (const Share& share : shares) EXPECT_NEAR(share.speed, 1.0 / 2.7, 1e-8);
}

TEST(Sharing, WhoWaitsTwiceAsOftenIsTwiceAsSlow) {
  // 0.9 (s + 2 s) = 1.
  std::vector<Share> shares;
  share_speeds({memory_user(0.9, 2), memory_user(0.9, 1)}, shares);
  EXPECT_NEAR(shares[0].speed, 1 / 2.7, 1e-8);
  EXPECT_NEAR(shares[1].speed, 2 / 2.7, 1e-8);
}

TEST(Sharing, AShortWaitIsHiddenByWork) {
  // Half of the first one's time is work that its waits hide behind: at a wait of 0.5 it still
  // keeps its pace, at which the other is at half its own.
  std::vector<Share> shares;
  share_speeds({memory_user(0.5, 1, 0.5), memory_user(1, 4)}, shares);
  EXPECT_NEAR(shares[0].speed, 1, 1e-8);
  EXPECT_NEAR(shares[1].speed, 0.5, 1e-8);
}

TEST(Sharing, WhatOneResourceTakesAwayIsFreeOnAnother) {
  // The second resource halves A; what A leaves of the first, B gets.
  Sharer a, b, c;
  a.demand = {0.8, 1, 0};
  b.demand = {0.8, 0, 0};
  c.demand = {0, 1, 0};
  for (Sharer* sharer : {&a, &b, &c}) sharer->responses.fill({0, 1});
  std::vector<Share> shares;
  share_speeds({a, b, c}, shares);
  EXPECT_NEAR(shares[0].speed, 0.5, 1e-5);
  EXPECT_NEAR(shares[1].speed, 0.75, 1e-5);
  EXPECT_NEAR(shares[2].speed, 0.5, 1e-5);
  EXPECT_EQ(shares[0].slowed_by, 1U);
  EXPECT_EQ(shares[1].slowed_by, 0U);
  EXPECT_EQ(shares[2].slowed_by, 1U);
}

TEST(Estimate, NoPartHasMoreChunksThanTheFirst) {
  for (std::int64_t parts = 1; parts < 9; ++parts) {
    for (std::int64_t chunks = parts; chunks < 40; ++chunks) {
      VectorMapping mapping;
      mapping.parts = parts;
      mapping.chunks = chunks;
      const ChunkRange first = part_chunks(mapping, 0);
      std::int64_t next = 0;
      for (std::int64_t part = 0; part < parts; ++part) {
        const ChunkRange range = part_chunks(mapping, part);
        EXPECT_EQ(range.first, next);
        EXPECT_LE(range.last - range.first, first.last - first.first);
        EXPECT_GE(range.last - range.first, chunks / parts);
        next = range.last;
      }
      EXPECT_EQ(next, chunks);
    }
  }
}

TEST(Estimate, TheTimeIsTheSumOfItsTerms) {
  const Workload workload = load_workload("bert_large", files(), {{"layers", "1"}});
  const Graph graph = derive_training_step(workload.forward, workload.training);
  const TaskGraph tasks = build_task_graph(graph);
  const Chip chip = load_chip("tpu_v2", files());
  const PlanEstimate e = estimate_plan(chip, make_plan(chip, tasks).plan);
  for (const RegionEstimate& region : e.regions) {
    const double pace = region.bound(region.pace).cycles;
    EXPECT_NEAR(region.cycles, region.launch + pace + region.latency, 1e-6);
    if (region.pace == Resource::matrix || region.pace == Resource::vector) {
      EXPECT_NEAR(region.latency, region.startup + region.exposed + region.drain, 1e-6);
    }
  }
}

// Regions that are alike are estimated once; a core may take its time over anything that they
// differ in.
TEST(Estimate, RegionsThatDifferInPassesAreEstimatedApart) {
  const Workload workload = load_workload("bert_large", files(), {{"layers", "1"}});
  const Graph graph = derive_training_step(workload.forward, workload.training);
  const TaskGraph tasks = build_task_graph(graph);
  const Chip chip = load_chip("tpu_v2", files(), {{"cores.1.type", "rereading"}});
  Plan plan = make_plan(chip, tasks).plan;
  const auto rows =
      std::find_if(plan.regions.begin(), plan.regions.end(), [](const Region& region) {
        return !region.contraction && region.vector.front().reductions > 0;
      });
  ASSERT_NE(rows, plan.regions.end());
  Region thrice = *rows;
  thrice.id = 0;
  thrice.after.clear();
  Region once = thrice;
  once.id = 1;
  for (VectorShape& shape : thrice.vector) shape.passes = 3;
  for (VectorShape& shape : once.vector) shape.passes = 1;
  plan.regions = {thrice, once};
  const PlanEstimate e = estimate_plan(chip, plan);
  EXPECT_NEAR(e.regions[0].bound(Resource::vector).cycles,
              3 * e.regions[1].bound(Resource::vector).cycles,
              0.05 * e.regions[0].bound(Resource::vector).cycles);
}

TEST(Estimate, RegionsThatDifferInBytesPerElementAreEstimatedApart) {
  const OneGemm g(2048, 2048, 2048, {});
  Plan plan;
  plan.regions = {g.plan.regions[0], g.plan.regions[0]};
  plan.regions[1].id = 1;
  for (Operand& input : plan.regions[1].inputs) input.bytes_per_element = {1, 4};
  const PlanEstimate e = estimate_plan(g.chip, plan);
  EXPECT_GT(e.regions[0].bound(Resource::memory).traffic,
            e.regions[1].bound(Resource::memory).traffic);
}

// Two cores at once ask for more than a slow buffer, or a slow memory, has: what each loses to the
// other is booked there.
TEST(Estimate, TimeLostToOthersIsBookedWhereItIsLost) {
  const Workload workload = load_workload("bert_large", files(), {{"layers", "1"}});
  const Graph graph = derive_training_step(workload.forward, workload.training);
  const TaskGraph tasks = build_task_graph(graph);
  const Plan one_core =
      make_plan(load_chip("tpu_v2", files(), {{"cores.1.count", "1"}}), tasks).plan;
  const Region& vector = *std::find_if(one_core.regions.begin(), one_core.regions.end(),
                                       [](const Region& region) { return !region.contraction; });
  const Chip chip =
      load_chip("tpu_v2", files(),
                {{"global_buffer.bank_width", "1 B/cycle"}, {"memory.pin_rate", "0.1 Gb/s"}});
  for (const Path path : {Path::resident, Path::direct}) {
    Plan plan;
    for (const RegionId id : {0, 1}) {
      Region region = vector;
      region.id = id;
      region.after.clear();
      region.vector_cores = {id};
      for (Operand& operand : region.inputs) operand.path = path;
      for (Operand& operand : region.outputs) operand.path = path;
      plan.regions.push_back(region);
    }
    const PlanEstimate e = estimate_plan(chip, plan);
    const Resource slow = path == Path::resident ? Resource::buffer : Resource::memory;
    for (const RegionId id : {0, 1}) {
      const RegionSpan& span = e.spans[id];
      ASSERT_GT(span.finish - span.start, 1.9 * e.regions[id].cycles);
      for (std::size_t r = 0; r < kSharedCount; ++r) {
        EXPECT_NEAR(span.lost[r],
                    kShared[r] == slow ? span.finish - span.start - e.regions[id].cycles : 0,
                    1e-6 * e.cycles);
      }
    }
    EXPECT_GT(e.breakdown[static_cast<std::size_t>(slow)], 0.95);
  }
}

TEST(Sharing, NothingIsOverbookedAndNothingWasted) {
  std::mt19937_64 random(3);
  std::vector<Share> shares;
  const auto fraction = [&] { return static_cast<double>(random() % 1000) / 999; };
  int unsettled = 0;
  for (int i = 0; i < 1000; ++i) {
    std::vector<Sharer> sharers(1 + random() % 6);
    for (Sharer& sharer : sharers) {
      for (double& demand : sharer.demand) demand = fraction();
      for (Response& response : sharer.responses) response = {fraction(), 0.01 + 10 * fraction()};
    }
    const bool is_settled = share_speeds(sharers, shares);
    unsettled += !is_settled;
    std::array<bool, kSharedCount> is_full{};
    for (std::size_t r = 0; r < kSharedCount; ++r) {
      double used = 0;
      for (std::size_t j = 0; j < sharers.size(); ++j)
        used += sharers[j].demand[r] * shares[j].speed;
      EXPECT_LE(used, 1 + 1e-5);
      is_full[r] = used >= 1 - 1e-5;
    }
    for (const Share& share : shares) {
      EXPECT_GT(share.speed, 0);
      EXPECT_LE(share.speed, 1);
      // Nobody is slowed by what has room.
      EXPECT_TRUE(!is_settled || share.speed > 1 - 1e-5 || is_full[share.slowed_by]);
    }
  }
  EXPECT_LE(unsettled, 2);
}

}  // namespace
}  // namespace simdse
