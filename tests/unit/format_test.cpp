// Number formats on a systolic array: cycles by the closed forms, rates by what is published.
#include <gtest/gtest.h>

#include "models/chip/chip.h"
#include "models/tensor_core/systolic.h"

namespace simdse {
namespace {

struct FormatCase {
  const char* format;
  std::int64_t packed;
  std::int64_t passes;
};

class Formats : public ::testing::TestWithParam<FormatCase> {};

INSTANTIATE_TEST_SUITE_P(Arrays, Formats,
                         ::testing::Values(FormatCase{"bf16", 1, 1}, FormatCase{"fp16", 1, 1},
                                           FormatCase{"fp8", 2, 1}, FormatCase{"int8", 2, 1},
                                           FormatCase{"fp8", 1, 1}, FormatCase{"int8", 1, 1},
                                           FormatCase{"fp32", 1, 3}, FormatCase{"fp32", 1, 6}));

Systolic array_of(const FormatCase& c, std::int64_t rows, std::int64_t columns) {
  Systolic::Params params;
  params.rows = rows;
  params.columns = columns;
  params.overlap = Systolic::Overlap::none;
  params.products_of_8_bits = c.packed;
  params.passes_of_32_bits = c.format == std::string("fp32") ? c.passes : 0;
  return Systolic(params, {Clock(Hertz(1e9)), 1});
}

// F folds of S cycles' stream: F (2R + C + S - 2) - 1, or F (R + C + S - 2) - 1 where nothing is
// loaded. Numbers that are packed make K shorter, whether it lies along the rows or streams; passes
// are folds over again.
TEST_P(Formats, CyclesFollowTheClosedForms) {
  const FormatCase& c = GetParam();
  const NumberFormat format = number_format(c.format);
  for (const TileShape& shape :
       {TileShape{64, 48, 96}, TileShape{37, 50, 93}, TileShape{5, 3, 7}}) {
    for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{8, 16}, {16, 4}}) {
      const Systolic array = array_of(c, rows, columns);
      const auto cycles = [&](Dataflow dataflow) {
        TilePipeline pipeline;
        return pipeline.append(array.timing_of(format, dataflow, shape, shape, 1), Cycles(0))
            .done.value();
      };
      const std::int64_t k = ceil_div(shape.k, c.packed);
      const auto total = [&](std::int64_t folds, std::int64_t load, std::int64_t stream) {
        return c.passes * folds * (load + rows + columns + stream - 2) - 1;
      };
      EXPECT_EQ(cycles(Dataflow::weight_stationary),
                total(ceil_div(k, rows) * ceil_div(shape.n, columns), rows, shape.m));
      EXPECT_EQ(cycles(Dataflow::output_stationary),
                total(ceil_div(shape.m, rows) * ceil_div(shape.n, columns), 0, k));
      EXPECT_EQ(cycles(Dataflow::input_stationary),
                total(ceil_div(k, rows) * ceil_div(shape.m, columns), rows, shape.n));
    }
  }
}

TEST_P(Formats, NoProductIsFasterThanThePeak) {
  const FormatCase& c = GetParam();
  const NumberFormat format = number_format(c.format);
  const Systolic array = array_of(c, 16, 16);
  EXPECT_DOUBLE_EQ(array.peak_macs_per_cycle_of(format),
                   256.0 * static_cast<double>(c.packed) / static_cast<double>(c.passes));
  const TileShape shape{4096, 64, 64};
  const TileTiming timing = array.timing_of(format, Dataflow::weight_stationary, shape, shape, 1);
  const double rate = static_cast<double>(shape.macs()) / to_double(timing.body + timing.setup);
  EXPECT_LE(rate, array.peak_macs_per_cycle_of(format));
  EXPECT_GT(rate, 0.98 * array.peak_macs_per_cycle_of(format));
}

// Tiles are as large as the memory beside the rows allows, in bytes of the format.
TEST_P(Formats, TilesFillTheOperandMemory) {
  const FormatCase& c = GetParam();
  const NumberFormat format = number_format(c.format);
  const Systolic array = array_of(c, 16, 16);
  const double bytes = format.bits / 8.0;
  // A number that shares its entry of 16 bits with no other takes the whole entry.
  const double each = std::max(bytes, 2.0 / static_cast<double>(c.packed));
  const double half = 16.0 * static_cast<double>(array.params().operand_depth);
  double fullest = 0;
  for (const TileShape& tile :
       array.tiles_of(format, Dataflow::weight_stationary, {100000, 256, 256}, bytes)) {
    const double used = static_cast<double>(tile.m * tile.k + tile.k * tile.n) * each;
    EXPECT_LE(used, half);
    fullest = std::max(fullest, used);
  }
  EXPECT_GT(fullest, 0.5 * half);
}

// The second multiplier's area against the PE's, from the published constants.
TEST(Formats, ASecondMultiplierIsPaidFor) {
  const DataFiles files(SIMDSE_SOURCE_DIR);
  const auto tpu = [&](const char* products) {
    return load_chip("tpu_v2", files, {{"cores.0.products_of_8_bits", products}});
  };
  const Chip one = tpu("1");
  const Chip two = tpu("2");
  const auto array = [](const Chip& chip) { return chip.costs()[0].each.area.at(0).area.value(); };
  constexpr double shrink = 0.19;  // 45 to 16 nm
  // um2: 8-bit multiply and 32-bit add of integers (Horowitz, ISSCC 2014), against a bf16 multiply,
  // a 32-bit add of floats and 80 bits of register.
  constexpr double second = (282 + 137) * shrink;
  constexpr double pe = (1640 * 8 * 8 / (11.0 * 11.0) + 4184) * shrink + 80;
  EXPECT_NEAR(array(two) / array(one), 1 + second / pe, 0.001);
  // pJ at 7 nm (Jouppi et al., ISCA 2021): the pair, which counts as one MAC, takes no more; nor
  // does it take much less.
  const double mac = load_technology("7nm", files).mac_energy.value();
  constexpr double pair = 2 * 0.07 + 0.03 + 0.38;
  EXPECT_GE(mac * 1e12, pair);
  EXPECT_LE(mac * 1e12, 1.1 * pair);
  EXPECT_GT(two.area(), one.area());
}

double tera(const Chip& chip, const char* format) {
  return 2 * chip.peak_macs_per_second(number_format(format)) / 1e12;
}

TEST(Formats, RatesOfRealChips) {
  const DataFiles files(SIMDSE_SOURCE_DIR);
  const Chip a100 = load_chip("a100_like", files);
  EXPECT_NEAR(tera(a100, "bf16"), 312, 1);
  EXPECT_NEAR(tera(a100, "int8"), 624, 2);
  EXPECT_NEAR(tera(a100, "fp32"), 156, 1);  // as TF32
  const Chip v3 = load_chip("tpu_v3", files);
  EXPECT_NEAR(tera(v3, "bf16"), 123, 1);
  EXPECT_DOUBLE_EQ(tera(v3, "int8"), tera(v3, "bf16"));
  EXPECT_DOUBLE_EQ(tera(v3, "fp32"), tera(v3, "bf16") / 6);
  EXPECT_EQ(tera(load_chip("nvdla_like", files), "fp32"), 0);
}

}  // namespace
}  // namespace simdse
