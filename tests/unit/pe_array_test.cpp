// The closed forms of the systolic array against an array that is stepped cycle by cycle.
#include "unit/pe_array.h"

#include <gtest/gtest.h>

#include <random>

#include "models/chip/chip.h"

namespace simdse {
namespace {

Matrix random_matrix(std::int64_t rows, std::int64_t columns, std::mt19937_64& random) {
  Matrix m(rows, columns);
  for (std::int64_t& value : m.values) value = static_cast<std::int64_t>(random() % 19) - 9;
  return m;
}

Systolic make_array(std::int64_t rows, std::int64_t columns, Systolic::Overlap overlap) {
  Systolic::Params params;
  params.rows = rows;
  params.columns = columns;
  params.overlap = overlap;
  return Systolic(params, {Clock(Hertz(1e9)), 1});
}

std::int64_t formula_cycles(const Systolic& array, Dataflow dataflow, const TileShape& shape,
                            const TileShape& tile, std::int64_t batch = 1) {
  const TileTiming t = array.timing(dataflow, shape, tile, batch);
  return (t.setup + t.body + t.tail).value();
}

class Dataflows : public ::testing::TestWithParam<std::tuple<Dataflow, Systolic::Overlap>> {};

TEST_P(Dataflows, FormulaAndSteppedArrayAgreeOnRandomShapes) {
  const auto [dataflow, overlap] = GetParam();
  std::mt19937_64 random(7);
  const auto draw = [&](std::int64_t max) {
    return 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(max));
  };
  for (int i = 0; i < 60; ++i) {
    const std::int64_t rows = draw(20);
    const std::int64_t columns = draw(20);
    const TileShape shape{draw(40), draw(40), draw(40)};
    std::vector<Factors> batch;
    for (std::int64_t product = draw(3); product > 0; --product) {
      batch.push_back(
          {random_matrix(shape.m, shape.k, random), random_matrix(shape.k, shape.n, random)});
    }
    TileShape tile = shape;
    std::int64_t TileShape::*stream = dataflow == Dataflow::weight_stationary   ? &TileShape::m
                                      : dataflow == Dataflow::output_stationary ? &TileShape::k
                                                                                : &TileShape::n;
    tile.*stream = draw(shape.*stream);
    const ArrayRun run = run_pe_array(rows, columns, dataflow, overlap, batch, tile.*stream);
    for (std::size_t product = 0; product < batch.size(); ++product) {
      ASSERT_EQ(run.products[product].values, product_of(batch[product]).values);
    }
    const Systolic array = make_array(rows, columns, overlap);
    EXPECT_EQ(formula_cycles(array, dataflow, shape, tile, static_cast<std::int64_t>(batch.size())),
              run.last_cycle)
        << batch.size() << " x " << shape.m << "x" << shape.n << "x" << shape.k << " on " << rows
        << "x" << columns << " in pieces of " << tile.*stream;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Dataflows,
    ::testing::Combine(::testing::Values(Dataflow::weight_stationary, Dataflow::output_stationary,
                                         Dataflow::input_stationary),
                       ::testing::Values(Systolic::Overlap::none, Systolic::Overlap::drain,
                                         Systolic::Overlap::full)));

// SCALE-Sim v3's closed forms for a whole GEMM without overlap between folds.
TEST(Systolic, WithoutOverlapItTakesThePublishedCycles) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 200; ++i) {
    const std::int64_t r = std::int64_t{1} << (1 + random() % 8);
    const std::int64_t c = std::int64_t{1} << (1 + random() % 8);
    const TileShape s{1 + static_cast<std::int64_t>(random() % 5000),
                      1 + static_cast<std::int64_t>(random() % 5000),
                      1 + static_cast<std::int64_t>(random() % 5000)};
    const Systolic array = make_array(r, c, Systolic::Overlap::none);
    EXPECT_EQ(formula_cycles(array, Dataflow::weight_stationary, s, s),
              (2 * r + c + s.m - 2) * ceil_div(s.k, r) * ceil_div(s.n, c) - 1);
    EXPECT_EQ(formula_cycles(array, Dataflow::output_stationary, s, s),
              (r + c + s.k - 2) * ceil_div(s.m, r) * ceil_div(s.n, c) - 1);
  }
}

// However a block is cut into a run of tiles, the pipeline makes the same time of it.
TEST(Systolic, TilesInARunAddUpToTheBlock) {
  for (const auto dataflow :
       {Dataflow::weight_stationary, Dataflow::output_stationary, Dataflow::input_stationary}) {
    for (const auto overlap :
         {Systolic::Overlap::none, Systolic::Overlap::drain, Systolic::Overlap::full}) {
      const Systolic array = make_array(16, 8, overlap);
      const TileShape tile{40, 24, 32};
      const TileShape block{120, 48, 64};
      TilePipeline pipeline;
      TilePipeline::Span last{};
      for (int i = 0; i < 3 * 2 * 2; ++i) {
        last = pipeline.append(array.timing(dataflow, tile, tile, 1), Cycles(0));
      }
      TilePipeline whole;
      EXPECT_EQ(last.done, whole.append(array.timing(dataflow, block, tile, 1), Cycles(0)).done);
    }
  }
}

Systolic::Params thread_blocks() {
  Systolic::Params params;
  params.rows = 4;
  params.columns = 8;
  params.dataflow = Systolic::Dataflows::output_stationary;
  params.operand_depth = 256;
  params.accumulator_depth = 64;  // 512 sums: two blocks of 16 x 16, or one of 32 x 16
  params.block = 16;
  return params;
}

// A kernel's thread blocks are equal, and one at the edge works on zeros where the product ends.
TEST(Systolic, ThreadBlocksTakeTheCyclesOfTheProductFilledUpToWholeOnes) {
  const Systolic array(thread_blocks(), {Clock(Hertz(1e9)), 1});
  std::mt19937_64 random(13);
  int filled = 0;
  for (int i = 0; i < 40; ++i) {
    const TileShape shape{1 + static_cast<std::int64_t>(random() % 70),
                          1 + static_cast<std::int64_t>(random() % 70),
                          1 + static_cast<std::int64_t>(random() % 40)};
    for (const TileShape& tile : array.tiles(Dataflow::output_stationary, shape, 2)) {
      const std::int64_t m = ceil_div(shape.m, tile.m) * (ceil_div(tile.m, 16) * 16);
      const std::int64_t n = ceil_div(shape.n, tile.n) * (ceil_div(tile.n, 16) * 16);
      Factors factors{Matrix(m, shape.k), Matrix(shape.k, n)};
      const ArrayRun run = run_pe_array(4, 8, Dataflow::output_stationary, Systolic::Overlap::full,
                                        {factors}, tile.k);
      EXPECT_EQ(formula_cycles(array, Dataflow::output_stationary, shape, tile), run.last_cycle)
          << shape.m << "x" << shape.n << "x" << shape.k << " in " << tile.m << "x" << tile.n;
      filled += m > shape.m || n > shape.n;
    }
  }
  EXPECT_GE(filled, 40);
}

TEST(Systolic, AtHalfOfItsClockAStreamTakesTwiceTheCycles) {
  Systolic::Params params = thread_blocks();
  const Systolic nominal(params, {Clock(Hertz(1e9)), 1});
  params.sustained = 0.5;
  const Systolic limited(params, {Clock(Hertz(1e9)), 1});
  const TileShape tile{16, 16, 10};
  const TileTiming at_nominal = nominal.timing(Dataflow::output_stationary, tile, tile, 3);
  const TileTiming at_limit = limited.timing(Dataflow::output_stationary, tile, tile, 3);
  EXPECT_EQ(at_limit.body, at_nominal.body * 2);
  EXPECT_EQ(at_limit.open, at_nominal.open * 2);
  EXPECT_EQ(limited.peak_macs_per_cycle(), nominal.peak_macs_per_cycle());
}

TEST(Systolic, OneRowMoreTakesAThreadBlockMore) {
  const Systolic array(thread_blocks(), {Clock(Hertz(1e9)), 1});
  const TileShape tile{16, 16, 10};
  const auto body = [&](std::int64_t m) {
    return array.timing(Dataflow::output_stationary, {m, 16, 10}, tile, 1).body.value();
  };
  const std::int64_t one = 16 * 16 * 10 / (4 * 8);
  EXPECT_EQ(body(1), one);
  EXPECT_EQ(body(16), one);
  EXPECT_EQ(body(17), 2 * one);
  EXPECT_EQ(body(32), 2 * one);
  EXPECT_EQ(body(33), 3 * one);
}

TEST(Systolic, AccumulatorsHoldWholeThreadBlocksDownToOne) {
  const Systolic array(thread_blocks(), {Clock(Hertz(1e9)), 1});
  bool fills = false;
  for (const TileShape& tile : array.tiles(Dataflow::output_stationary, {100, 100, 30}, 2)) {
    EXPECT_EQ(tile.m % 16, 0);
    EXPECT_EQ(tile.n % 16, 0);
    EXPECT_LE(tile.m * tile.n, 512);
    fills |= tile.m * tile.n == 512;
  }
  EXPECT_TRUE(fills);
  EXPECT_EQ(array.output_places(512), 1);
  EXPECT_EQ(array.output_places(256), 2);
}

TEST(Systolic, ThreadBlocksOfAnotherDataflowAreRefused) {
  Systolic::Params params = thread_blocks();
  params.dataflow = Systolic::Dataflows::any;
  EXPECT_THROW(Systolic(params, {Clock(Hertz(1e9)), 1}), InputError);
}

TEST(Systolic, NeverFasterThanItsPes) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 500; ++i) {
    const Systolic array = make_array(32, 64, Systolic::Overlap::full);
    const TileShape s{1 + static_cast<std::int64_t>(random() % 900),
                      1 + static_cast<std::int64_t>(random() % 900),
                      1 + static_cast<std::int64_t>(random() % 900)};
    for (const Dataflow dataflow : array.dataflows()) {
      EXPECT_GE(formula_cycles(array, dataflow, s, s) * array.peak_macs_per_cycle(), s.macs());
    }
  }
}

TEST(Systolic, TilesFitTheMemoriesTwice) {
  Systolic::Params params;
  params.rows = 32;
  params.columns = 16;
  params.operand_depth = 512;
  params.accumulator_depth = 256;
  const Systolic array(params, {Clock(Hertz(1e9)), 1});
  std::mt19937_64 random(9);
  for (int i = 0; i < 200; ++i) {
    const TileShape whole{1 + static_cast<std::int64_t>(random() % 3000),
                          1 + static_cast<std::int64_t>(random() % 3000),
                          1 + static_cast<std::int64_t>(random() % 3000)};
    for (const Dataflow dataflow : array.dataflows()) {
      const std::vector<TileShape> tiles = array.tiles(dataflow, whole, 2);
      ASSERT_FALSE(tiles.empty());
      for (const TileShape& tile : tiles) {
        EXPECT_LE(2 * 2 * (tile.m * tile.k + tile.k * tile.n), 32 * 512 * 2);
        EXPECT_LE(2 * 4 * tile.m * tile.n, 16 * 256 * 4);
        EXPECT_LE(tile.m, whole.m);
        EXPECT_LE(tile.n, whole.n);
        EXPECT_LE(tile.k, whole.k);
        EXPECT_GE(std::min({tile.m, tile.n, tile.k}), 1);
      }
    }
  }
}

// What bounds rely on.
TEST(Systolic, NoTilingIsQuickerThanTheLeastBody) {
  std::mt19937_64 random(10);
  int exact = 0;
  for (int i = 0; i < 300; ++i) {
    Systolic::Params params;
    params.rows = 4 << (random() % 5);
    params.columns = 4 << (random() % 5);
    params.operand_depth = 512;
    params.accumulator_depth = 256;
    params.overlap = static_cast<Systolic::Overlap>(random() % 3);
    params.buffering = random() % 2 == 0 ? Buffering::single : Buffering::twofold;
    const Systolic array(params, {Clock(Hertz(1e9)), 1});
    const TileShape whole{1 + static_cast<std::int64_t>(random() % 3000),
                          1 + static_cast<std::int64_t>(random() % 3000),
                          1 + static_cast<std::int64_t>(random() % 3000)};
    const auto count = 1 + static_cast<std::int64_t>(random() % 4);
    for (const Dataflow dataflow : array.dataflows()) {
      const Cycles least = array.least_body(dataflow, whole, count);
      EXPECT_GT(least, Cycles(0));
      for (const TileShape& tile : array.tiles(dataflow, whole, 2)) {
        const Cycles body = array.timing(dataflow, whole, tile, count).body;
        EXPECT_GE(body, least);
        exact += body == least;
      }
    }
  }
  EXPECT_GT(exact, 0);  // it is not below all of them
}

}  // namespace
}  // namespace simdse
