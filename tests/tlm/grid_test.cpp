// Contractions divided over cores along two axes, simulated.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "models/base/worker_pool.h"
#include "search/estimate/plan_estimate.h"
#include "search/schedule/planner.h"
#include "sim/run/record.h"
#include "sim/run/simulation.h"
#include "unit/random_grid.h"
#include "workloads/graph_builder.h"

namespace simdse {
namespace {

Chip chip_of(std::vector<Override> overrides) {
  const DataFiles files(SIMDSE_SOURCE_DIR);
  overrides.push_back({"cores.0.rows", "32"});
  overrides.push_back({"cores.0.columns", "32"});
  Design design = load_design("tpu_v2", files, overrides);
  auto technology = std::make_shared<const Technology>(load_technology(design.technology, files));
  return Chip(std::move(design), std::move(technology));
}

/// Cycles of a plan's simulation, in a process of its own.
double simulated_cycles(const Chip& chip, const Plan& plan) {
  const auto results = run_jobs({[&] { return to_text(simulate(chip, plan, {})); }}, {});
  EXPECT_TRUE(results[0].ok) << results[0].failure;
  return to_seconds(from_text(results[0].output).time).value() * chip.clock().frequency().value();
}

// Rings that only some parts share, whoever of them is ahead.
TEST(SimulatedGrid, WithFreeMemoryItTakesTheTimeOfTheEstimate) {
  const Chip chip =
      chip_of({{"cores.0.count", "64"},
               {"global_buffer", "{type: ideal}"},
               {"noc", "{type: ideal}"},
               {"memory", "{type: ideal}"},
               {"dispatcher",
                "{type: sequencer, issue_interval: 0, launch_latency: 0, completion_latency: 0}"}});
  RandomGrids grids(11);
  for (int i = 0; i < 12; ++i) {
    Plan plan;
    plan.regions = {grids.next(chip)};
    const double estimate = estimate_plan(chip, plan).cycles;
    EXPECT_NEAR(simulated_cycles(chip, plan), estimate, 0.01)
        << split_text(plan.regions[0].mapping.split);
  }
}

TEST(SimulatedGrid, TheEstimateIsCloseOnPlannedGrids) {
  std::mt19937_64 random(12);
  const auto size = [&](std::int64_t least, std::int64_t range) {
    return least + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(range));
  };
  int grids = 0;
  double sum = 0;
  for (int i = 0; i < 40; ++i) {
    const std::int64_t cores = size(4, 33);
    const Chip chip = chip_of({{"cores.0.count", std::to_string(cores)}});
    GraphBuilder builder({});
    const std::int64_t batch = i % 3 == 0 ? size(2, 12) : 1;
    const std::int64_t m = size(128, 800);
    const std::int64_t n = size(128, 800);
    const std::int64_t k = size(256, 1800);
    const TensorId a = builder.input("a", {batch, m, k});
    const TensorId b = builder.input("b", {batch, k, n});
    builder.contraction("product", "bmk,bkn->bmn", a, b);
    const Graph graph = builder.take();
    const Plan plan = make_plan(chip, build_task_graph(graph)).plan;
    const Split& split = plan.regions[0].mapping.split;
    if ((split.batch > 1) + (split.m > 1) + (split.n > 1) < 2) continue;
    ++grids;
    const double estimate = estimate_plan(chip, plan).cycles;
    const double simulated = simulated_cycles(chip, plan);
    const double gap = std::abs(estimate / simulated - 1);
    sum += gap;
    EXPECT_LT(gap, 0.15) << batch << " x " << m << " x " << n << " x " << k << ", "
                         << split_text(split) << ": " << estimate << ", " << simulated;
  }
  EXPECT_GE(grids, 12);
  EXPECT_LT(sum / grids, 0.04);
}

}  // namespace
}  // namespace simdse
