// What single buffering must cost by theory: the sum of loads, work and stores.
#include <gtest/gtest.h>

#include "cli/probe/one_operator.h"

namespace simdse {
namespace {

const NumberFormat& bf16() { return number_format("bf16"); }

/// Nothing but cores and a memory that streams at its peak.
Chip bare_chip(const std::string& buffering, std::int64_t tensor_cores) {
  const DataFiles files(SIMDSE_SOURCE_DIR);
  std::vector<Override> overrides;
  for (const std::string& text :
       {"cores.0.count=" + std::to_string(tensor_cores), "cores.0.buffering=" + buffering,
        "cores.1.buffering=" + buffering, std::string("noc={type: ideal}"),
        std::string("memory.t_refi=inf"),
        std::string("global_buffer={type: ideal, capacity: 2 MiB}"),
        std::string("dispatcher={type: sequencer, launch_latency: 0, completion_latency: 0}")}) {
    overrides.push_back(parse_override(text));
  }
  return load_chip("tpu_v3_core", files, overrides);
}

double memory_cycles(const Chip& chip, double bytes) {
  return bytes / chip.memory().peak_bandwidth().value() * chip.clock().frequency().value();
}

double latency_cycles(const Chip& chip) {
  return chip.memory().latency().value() * chip.clock().frequency().value();
}

TEST(SingleBuffering, OneStepOfAProductIsLoadWorkAndStore) {
  const Chip chip = bare_chip("single", 1);
  const OperatorProbe run = probe_operator(chip, gemm_graph({512, 512, 512}, bf16()));
  constexpr double operand = 512 * 512 * 2;
  // 16 folds of 512 rows that stream behind each other, one fill and one drain.
  constexpr double work = 128 + 16 * 512 + 128 + 128 - 3;
  const double expected = memory_cycles(chip, 2 * operand) + work + memory_cycles(chip, operand) +
                          2 * latency_cycles(chip);
  EXPECT_NEAR(run.formula_cycles, expected, 3);
  // Opening the first rows and writing behind reading are left to the simulation.
  EXPECT_NEAR(run.simulated_cycles, expected, 0.01 * expected);
}

TEST(SingleBuffering, RowsAreLoadedNormalisedAndStored) {
  const Chip chip = bare_chip("single", 1);
  const OperatorProbe run = probe_operator(
      chip, operator_graph(parse_config("layer_norm", "test"), {{512, 768}}, bf16()));
  constexpr double bytes = 512 * 768 * 2;
  // 64 groups of 8 rows, 6 registers each; two reductions through a unit of 128 lanes.
  constexpr double work = 64 * (6 * 6 + 2 * 128);
  const double least = 2 * memory_cycles(chip, bytes) + work;
  EXPECT_GE(run.formula_cycles, least);
  EXPECT_NEAR(run.formula_cycles, least, 0.03 * least);  // the way to the memory, per chunk
  EXPECT_NEAR(run.simulated_cycles, run.formula_cycles, 0.02 * least);
}

TEST(SingleBuffering, CostsWhatDoubleBufferingHides) {
  const Graph graph = gemm_graph({1024, 1024, 1024}, bf16());
  const Chip twofold = bare_chip("double", 2);
  const double hidden = probe_operator(twofold, graph).formula_cycles;
  const double work = 1024.0 * 1024 * 1024 / (2 * 128 * 128);
  const double moved = memory_cycles(twofold, 3 * 1024 * 1024 * 2);
  EXPECT_LT(hidden, work + moved / 2);  // only the first blocks are waited for
  const double added_up = probe_operator(bare_chip("single", 2), graph).formula_cycles;
  EXPECT_GT(added_up, 0.95 * (work + moved));
  EXPECT_LT(added_up, 1.1 * (work + moved));
}

class SingleBufferingGap : public testing::TestWithParam<TileShape> {};

TEST_P(SingleBufferingGap, EstimateForeseesTheSimulation) {
  const TileShape& s = GetParam();
  const Chip chip = load_chip("tpu_v3_core", DataFiles(SIMDSE_SOURCE_DIR));
  const OperatorProbe run = probe_operator(chip, gemm_graph(s, bf16()));
  EXPECT_NEAR(run.formula_cycles / run.simulated_cycles, 1, 0.05)
      << run.formula_cycles << " " << run.simulated_cycles;
}

INSTANTIATE_TEST_SUITE_P(Shapes, SingleBufferingGap,
                         testing::Values(TileShape{300, 5000, 700}, TileShape{4096, 64, 4096},
                                         TileShape{64, 8192, 512}, TileShape{3000, 1000, 2000},
                                         TileShape{1, 4096, 4096}));

}  // namespace
}  // namespace simdse
