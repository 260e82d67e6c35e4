// One operator alone: the tensor core's module, its formula and an array stepped cycle by cycle.
#include "cli/probe/one_operator.h"

#include <gtest/gtest.h>

#include <random>

#include "models/base/data_files.h"
#include "search/plan/contraction_program.h"
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

/// Cycles of a stepped array with one place for operands and one for results: the steps of a block
/// of results follow each other as their operands enter the array, and the next block's when the
/// last result of the one before is out.
std::int64_t stepped_cycles_one_by_one(const Systolic::Params& array, const Region& region) {
  std::int64_t cycles = 0;
  std::int64_t finish = 0;
  std::vector<Factors> block;
  ContractionCursor cursor(*region.contraction, region.mapping);
  for (; !cursor.done(); cursor.next()) {
    const ContractionStep& step = cursor.step();
    const TileShape& s = step.block;
    for (std::int64_t i = 0; i < step.batch; ++i) block.push_back({{s.m, s.k}, {s.k, s.n}});
    if (!step.last_k) continue;
    const TileShape& tile = region.mapping.tile;
    const std::int64_t piece = region.mapping.dataflow == Dataflow::weight_stationary   ? tile.m
                               : region.mapping.dataflow == Dataflow::output_stationary ? tile.k
                                                                                        : tile.n;
    const ArrayRun run =
        run_pe_array(array.rows, array.columns, region.mapping.dataflow, array.overlap, block,
                     piece, static_cast<std::size_t>(step.batch));
    block.clear();
    finish = cycles + run.last_cycle;
    // The last result is out in the cycle before the next operand may enter if nothing overlaps,
    // and on a single PE, where it is made in the cycle in which the last operand enters.
    const bool leaves_first =
        array.overlap == Systolic::Overlap::none || array.rows * array.columns == 1;
    cycles = finish + (leaves_first ? 1 : 0);
  }
  return finish;
}

TEST_P(TensorCoreAlone, WithSingleBufferingStepsAndBlocksFollowAsOnTheSteppedArray) {
  const auto [dataflow, overlap] = GetParam();
  std::mt19937_64 random(19);
  const auto draw = [&](std::int64_t min, std::int64_t max) {
    return min + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(max - min + 1));
  };
  int open_blocks = 0;
  int many_blocks = 0;
  for (int i = 0; i < 25; ++i) {
    Systolic::Params array;
    array.rows = std::int64_t{1} << draw(0, 5);
    array.columns = std::int64_t{1} << draw(0, 4);
    array.overlap = overlap;
    const std::vector<Override> changes = {
        {"clock", "1 GHz"},
        {"cores.0.rows", std::to_string(array.rows)},
        {"cores.0.columns", std::to_string(array.columns)},
        {"cores.0.overlap", kOverlaps[static_cast<int>(overlap)]},
        {"cores.0.operand_depth", std::to_string(draw(16, 96))},
        {"cores.0.accumulator_depth", std::to_string(draw(16, 64))}};
    const auto with = [&](const char* buffering) {
      std::vector<Override> all = changes;
      all.push_back({"cores.0.buffering", buffering});
      return core_alone(load(all));
    };
    const Chip alone = with("single");
    const TileShape shape{draw(1, 90), draw(1, 90), draw(1, 90)};
    OperatorProbeOptions options;
    options.dataflow = dataflow;
    const Graph graph = gemm_graph(shape, number_format("bf16"));
    const OperatorProbe probe = probe_operator(alone, graph, options);
    const Region& region = probe.plan.regions.front();
    open_blocks += region.mapping.block.k < shape.k;
    many_blocks += region.mapping.block.m < shape.m || region.mapping.block.n < shape.n;
    const auto cycles = static_cast<double>(stepped_cycles_one_by_one(array, region));
    const std::string what = std::to_string(shape.m) + "x" + std::to_string(shape.k) + "x" +
                             std::to_string(shape.n) + " on " + alone.label();
    EXPECT_EQ(probe.simulated_cycles, cycles) << what;
    EXPECT_EQ(probe.formula_cycles, cycles) << what;
    const OperatorProbe twofold = probe_operator(with("double"), graph, options);
    EXPECT_EQ(twofold.formula_cycles, twofold.simulated_cycles) << what;
  }
  EXPECT_GE(open_blocks, 2);
  EXPECT_GE(many_blocks, 5);
}

INSTANTIATE_TEST_SUITE_P(
    All, TensorCoreAlone,
    ::testing::Combine(::testing::Values(Dataflow::weight_stationary, Dataflow::output_stationary,
                                         Dataflow::input_stationary),
                       ::testing::Values(Systolic::Overlap::none, Systolic::Overlap::drain,
                                         Systolic::Overlap::full)));

// The module fills thread blocks up as the formula does, and begins a block that takes all
// accumulators when the one before has left.
TEST(TensorCoreAlone, ThreadBlocksTakeInTheModuleWhatTheFormulaSays) {
  const Chip alone = core_alone(load({{"clock", "1 GHz"},
                                      {"cores.0.rows", "4"},
                                      {"cores.0.columns", "8"},
                                      {"cores.0.dataflow", "output_stationary"},
                                      {"cores.0.operand_depth", "256"},
                                      {"cores.0.accumulator_depth", "32"},
                                      {"cores.0.block", "16"}}));  // 256 sums: one block
  std::mt19937_64 random(23);
  for (int i = 0; i < 20; ++i) {
    const TileShape shape{1 + static_cast<std::int64_t>(random() % 90),
                          1 + static_cast<std::int64_t>(random() % 90),
                          1 + static_cast<std::int64_t>(random() % 90)};
    const Graph graph = gemm_graph(shape, number_format("bf16"));
    const OperatorProbe probe = probe_operator(alone, graph, {});
    ASSERT_EQ(validate_plan(graph, alone, probe.plan), std::vector<std::string>{});
    const std::string what =
        std::to_string(shape.m) + "x" + std::to_string(shape.k) + "x" + std::to_string(shape.n);
    EXPECT_EQ(probe.formula_cycles, probe.simulated_cycles) << what;
    const std::int64_t blocks = ceil_div(shape.m, 16) * ceil_div(shape.n, 16);
    // 4 x 8 PEs, and the skew of 4 + 8 - 2 cycles of each block behind which nothing can begin.
    const std::int64_t least = blocks * (16 * 16 * shape.k / 32);
    EXPECT_GE(probe.formula_cycles, static_cast<double>(least)) << what;
    EXPECT_LE(probe.formula_cycles, static_cast<double>(least + blocks * (4 * 8 / 4 + 10) * 8))
        << what;
  }
}

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

/// A convolution without padding of one image of `size` x `size`, stride 1.
struct ConvolutionCase {
  std::int64_t in;
  std::int64_t out;
  std::int64_t groups;
  std::int64_t kernel;
  std::int64_t size;

  std::int64_t side() const { return size - kernel + 1; }
  std::int64_t in_each() const { return in / groups; }
  std::int64_t out_each() const { return out / groups; }
};

class ConvolutionAlone : public ::testing::TestWithParam<ConvolutionCase> {};

INSTANTIATE_TEST_SUITE_P(
    Groups, ConvolutionAlone,
    ::testing::Values(ConvolutionCase{8, 8, 8, 3, 9},     // depthwise
                      ConvolutionCase{6, 6, 6, 5, 8},     // depthwise, wider than the rows
                      ConvolutionCase{4, 12, 4, 3, 7},    // depthwise with a multiplier
                      ConvolutionCase{16, 16, 4, 3, 8},   // grouped
                      ConvolutionCase{16, 24, 2, 1, 6},   // grouped, pointwise
                      ConvolutionCase{6, 20, 1, 3, 7}));  // one group

// Group after group goes through an array that is stepped cycle by cycle, as windows (pixels x
// channels of the group x kernel) times filters: it makes the convolution, worked out here from its
// definition, and takes the cycles of formula and module.
TEST_P(ConvolutionAlone, TakesWhatTheArrayTakesForItsGroups) {
  const ConvolutionCase c = GetParam();
  std::mt19937_64 random(23);
  const auto number = [&] { return static_cast<std::int64_t>(random() % 19) - 9; };
  std::vector<std::int64_t> image(static_cast<std::size_t>(c.in * c.size * c.size));
  std::vector<std::int64_t> filters(
      static_cast<std::size_t>(c.out * c.in_each() * c.kernel * c.kernel));
  for (std::int64_t& value : image) value = number();
  for (std::int64_t& value : filters) value = number();
  const auto pixel = [&](std::int64_t channel, std::int64_t y, std::int64_t x) {
    return image[static_cast<std::size_t>((channel * c.size + y) * c.size + x)];
  };
  const auto weight = [&](std::int64_t filter, std::int64_t channel, std::int64_t y,
                          std::int64_t x) {
    return filters[static_cast<std::size_t>(
        ((filter * c.in_each() + channel) * c.kernel + y) * c.kernel + x)];
  };
  const TileShape shape{c.side() * c.side(), c.out_each(), c.in_each() * c.kernel * c.kernel};
  std::vector<Factors> groups;
  std::vector<Matrix> expected;
  for (std::int64_t group = 0; group < c.groups; ++group) {
    Factors f{Matrix(shape.m, shape.k), Matrix(shape.k, shape.n)};
    Matrix result(shape.m, shape.n);
    for (std::int64_t k = 0; k < shape.k; ++k) {
      const std::int64_t channel = k / (c.kernel * c.kernel);
      const std::int64_t dy = k / c.kernel % c.kernel;
      const std::int64_t dx = k % c.kernel;
      for (std::int64_t m = 0; m < shape.m; ++m) {
        f.a.at(m, k) = pixel(group * c.in_each() + channel, m / c.side() + dy, m % c.side() + dx);
      }
      for (std::int64_t n = 0; n < shape.n; ++n) {
        f.b.at(k, n) = weight(group * c.out_each() + n, channel, dy, dx);
        for (std::int64_t y = 0; y < c.side(); ++y) {
          for (std::int64_t x = 0; x < c.side(); ++x) {
            result.at(y * c.side() + x, n) += pixel(group * c.in_each() + channel, y + dy, x + dx) *
                                              weight(group * c.out_each() + n, channel, dy, dx);
          }
        }
      }
    }
    groups.push_back(std::move(f));
    expected.push_back(std::move(result));
  }
  const Graph graph = operator_graph(
      parse_config("{kind: convolution, channels: " + std::to_string(c.out) + ", kernel: " +
                       std::to_string(c.kernel) + ", groups: " + std::to_string(c.groups) + "}",
                   "test"),
      {{1, c.in, c.size, c.size}}, number_format("bf16"));
  for (int overlap = 0; overlap < 3; ++overlap) {
    constexpr std::int64_t rows = 16;
    constexpr std::int64_t columns = 8;
    const Chip alone = core_alone(load({{"clock", "1 GHz"},
                                        {"cores.0.rows", std::to_string(rows)},
                                        {"cores.0.columns", std::to_string(columns)},
                                        {"cores.0.overlap", kOverlaps[overlap]}}));
    for (const Dataflow dataflow : alone.tensor_cores().front()->dataflows()) {
      OperatorProbeOptions options;
      options.dataflow = dataflow;
      const OperatorProbe probe = probe_operator(alone, graph, options);
      const TileShape& tile = probe.plan.regions.front().mapping.tile;
      const bool holds_sums = dataflow == Dataflow::output_stationary;
      const bool holds_weights = dataflow == Dataflow::weight_stationary;
      const std::int64_t piece = holds_weights ? tile.m : holds_sums ? tile.k : tile.n;
      const ArrayRun stepped = run_pe_array(rows, columns, dataflow,
                                            static_cast<Systolic::Overlap>(overlap), groups, piece);
      for (std::size_t group = 0; group < groups.size(); ++group) {
        ASSERT_EQ(stepped.products[group].values, expected[group].values);
      }
      const auto cycles = static_cast<double>(stepped.last_cycle);
      EXPECT_EQ(probe.formula_cycles, cycles);
      EXPECT_EQ(probe.simulated_cycles, cycles);
      // Of a fold no more PEs have work than the group's own sides fill.
      const std::int64_t filled_rows = std::min(rows, holds_sums ? shape.m : shape.k);
      const std::int64_t filled_columns =
          std::min(columns, dataflow == Dataflow::input_stationary ? shape.m : shape.n);
      EXPECT_LE(static_cast<double>(c.groups * shape.macs()),
                cycles * static_cast<double>(filled_rows * filled_columns));
    }
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
