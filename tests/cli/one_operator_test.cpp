// One operator alone: the tensor core's module, its formula and an array stepped cycle by cycle.
#include "cli/probe/one_operator.h"

#include <gtest/gtest.h>

#include <random>

#include "models/base/data_files.h"
#include "search/plan/plan_validator.h"
#include "unit/pe_array.h"

namespace simdse {
namespace {

Chip load(const std::vector<Override>& changes) {
  return load_chip("tpu_v2", DataFiles(SIMDSE_SOURCE_DIR), changes);
}

const char* kOverlaps[] = {"none", "drain", "full"};

class TensorCoreAlone : public ::testing::TestWithParam<std::tuple<Dataflow, Systolic::Overlap>> {};

// The plan cuts the product into tiles that the array's small memories hold, and sums over K stay
// in the accumulators from step to step. The module is the simulator's own core with its engine.
TEST_P(TensorCoreAlone, ModuleFormulaAndSteppedArrayAgreeToTheCycle) {
  const auto [dataflow, overlap] = GetParam();
  std::mt19937_64 random(11);
  const auto draw = [&](std::int64_t min, std::int64_t max) {
    return min + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(max - min + 1));
  };
  int partial_sums = 0;
  int ragged = 0;
  for (int i = 0; i < 20; ++i) {
    const std::int64_t rows = std::int64_t{1} << draw(1, 4);
    const std::int64_t columns = std::int64_t{1} << draw(1, 4);
    const Chip chip = load({{"clock", "1 GHz"},
                            {"cores.0.rows", std::to_string(rows)},
                            {"cores.0.columns", std::to_string(columns)},
                            {"cores.0.overlap", kOverlaps[static_cast<int>(overlap)]},
                            {"cores.0.operand_depth", std::to_string(draw(16, 128))},
                            {"cores.0.accumulator_depth", std::to_string(draw(16, 64))}});
    const TileShape shape{draw(1, 70), draw(1, 70), draw(1, 70)};
    const std::int64_t batch = draw(1, 2);
    const Graph graph = operator_graph(
        parse_config("{kind: gemm, m: " + std::to_string(shape.m) +
                         ", n: " + std::to_string(shape.n) + ", k: " + std::to_string(shape.k) +
                         ", batch: " + std::to_string(batch) + "}",
                     "test"),
        {}, number_format("bf16"));
    const Chip alone = core_alone(chip);
    OperatorProbeOptions options;
    options.dataflow = dataflow;
    const OperatorProbe probe = probe_operator(alone, graph, options);
    ASSERT_EQ(validate_plan(graph, alone, probe.plan), std::vector<std::string>{});
    const ContractionMapping& mapping = probe.plan.regions.front().mapping;
    ASSERT_EQ(mapping.dataflow, dataflow);
    partial_sums += mapping.block.k < shape.k;
    ragged += shape.m % mapping.tile.m > 0 || shape.n % columns > 0 || shape.k % rows > 0;

    const TileTiming whole =
        alone.tensor_cores().front()->timing(dataflow, shape, mapping.tile, batch);
    std::vector<Factors> factors;
    for (std::int64_t product = 0; product < batch; ++product) {
      Factors f{Matrix(shape.m, shape.k), Matrix(shape.k, shape.n)};
      for (std::int64_t& value : f.a.values) value = draw(-9, 9);
      for (std::int64_t& value : f.b.values) value = draw(-9, 9);
      factors.push_back(std::move(f));
    }
    const std::int64_t piece = dataflow == Dataflow::weight_stationary   ? mapping.tile.m
                               : dataflow == Dataflow::output_stationary ? mapping.tile.k
                                                                         : mapping.tile.n;
    const ArrayRun stepped = run_pe_array(rows, columns, dataflow, overlap, factors, piece);
    for (std::size_t product = 0; product < factors.size(); ++product) {
      ASSERT_EQ(stepped.products[product].values, product_of(factors[product]).values);
    }
    const auto cycles = static_cast<double>(stepped.last_cycle);
    const std::string what = std::to_string(batch) + " x " + std::to_string(shape.m) + "x" +
                             std::to_string(shape.k) + "x" + std::to_string(shape.n) + " on " +
                             std::to_string(rows) + "x" + std::to_string(columns);
    EXPECT_EQ((whole.setup + whole.body + whole.tail).value(), stepped.last_cycle) << what;
    EXPECT_EQ(probe.simulated_cycles, cycles) << what;
    EXPECT_EQ(probe.formula_cycles, cycles) << what;
  }
  EXPECT_GE(partial_sums, 2);
  EXPECT_GE(ragged, 10);
}

INSTANTIATE_TEST_SUITE_P(
    All, TensorCoreAlone,
    ::testing::Combine(::testing::Values(Dataflow::weight_stationary, Dataflow::output_stationary,
                                         Dataflow::input_stationary),
                       ::testing::Values(Systolic::Overlap::none, Systolic::Overlap::drain,
                                         Systolic::Overlap::full)));

// SCALE-Sim v3's closed forms of a whole product without overlap between folds, from the module.
TEST(TensorCoreAlone, WithoutOverlapTheModuleTakesThePublishedCycles) {
  std::mt19937_64 random(17);
  for (int i = 0; i < 10; ++i) {
    const std::int64_t r = std::int64_t{1} << (2 + random() % 7);
    const std::int64_t c = std::int64_t{1} << (2 + random() % 7);
    // Memories that hold any of these products in one piece: the closed forms cut no stream.
    const Chip alone = core_alone(load({{"clock", "1 GHz"},
                                        {"cores.0.rows", std::to_string(r)},
                                        {"cores.0.columns", std::to_string(c)},
                                        {"cores.0.overlap", "none"},
                                        {"cores.0.count", "1"},
                                        {"memory.stacks", "1"},
                                        {"cores.0.operand_depth", "131072"},
                                        {"cores.0.accumulator_depth", "131072"}}));
    const TileShape s{1 + static_cast<std::int64_t>(random() % 1000),
                      1 + static_cast<std::int64_t>(random() % 1000),
                      1 + static_cast<std::int64_t>(random() % 1000)};
    const Graph graph = gemm_graph(s, number_format("bf16"));
    const auto simulated = [&](Dataflow dataflow) {
      OperatorProbeOptions options;
      options.dataflow = dataflow;
      return static_cast<std::int64_t>(probe_operator(alone, graph, options).simulated_cycles);
    };
    EXPECT_EQ(simulated(Dataflow::weight_stationary),
              (2 * r + c + s.m - 2) * ceil_div(s.k, r) * ceil_div(s.n, c) - 1);
    EXPECT_EQ(simulated(Dataflow::output_stationary),
              (r + c + s.k - 2) * ceil_div(s.m, r) * ceil_div(s.n, c) - 1);
  }
}

// Nothing is faster through the memory system than with its operands at hand; mappings within half
// a percent of each other count as equal.
TEST(OneOperator, TheMemorySystemTakesTime) {
  const Chip chip = load({{"cores.0.count", "1"}, {"cores.1.count", "1"}});
  const Graph gemm = gemm_graph({512, 1024, 512}, number_format("bf16"));
  const Graph norm =
      operator_graph(parse_config("layer_norm", "test"), {{512, 768}}, number_format("bf16"));
  for (const Graph* graph : {&gemm, &norm}) {
    const OperatorProbe alone = probe_operator(core_alone(chip), *graph);
    const OperatorProbe whole = probe_operator(chip, *graph);
    EXPECT_EQ(alone.simulated_cycles, alone.formula_cycles);
    EXPECT_GT(whole.simulated_cycles, 0.995 * alone.simulated_cycles);
    const double seconds = to_seconds(whole.simulation.time).value();
    EXPECT_GE(seconds,
              whole.simulation.actions.memory_bytes / chip.memory().peak_bandwidth().value());
    // Operands come from the memory and the result ends there.
    double bytes = 0;
    for (const Tensor& tensor : graph->tensors()) bytes += to_double(tensor.bytes());
    EXPECT_GE(whole.simulation.actions.memory_bytes, bytes);
  }
}

}  // namespace
}  // namespace simdse
