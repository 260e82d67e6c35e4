// A product in several number formats: width and rate, in estimate and simulation.
#include <gtest/gtest.h>

#include "cli/probe/one_operator.h"

namespace simdse {
namespace {

struct FormatCase {
  const char* format;
  double cycles;  ///< of the array, and energy of its PEs, against bf16
  double bytes;   ///< moved, against bf16
};

class ProductFormats : public ::testing::TestWithParam<FormatCase> {};

INSTANTIATE_TEST_SUITE_P(Tpu, ProductFormats,
                         ::testing::Values(FormatCase{"fp8", 0.5, 0.5},
                                           FormatCase{"int8", 0.5, 0.5}, FormatCase{"fp16", 1, 1},
                                           FormatCase{"fp32", 6, 2}));

Chip chip_of() {
  return load_chip("tpu_v2", DataFiles(SIMDSE_SOURCE_DIR),
                   {{"cores.0.products_of_8_bits", "2"}, {"cores.0.count", "1"}});
}

TEST_P(ProductFormats, TheArraysTimeFollowsTheRate) {
  const Chip alone = core_alone(chip_of());
  const TileShape shape{4096, 1024, 2048};
  const OperatorProbe bf16 = probe_operator(alone, gemm_graph(shape, number_format("bf16")));
  const double peak = static_cast<double>(shape.macs()) / (128 * 128);
  EXPECT_NEAR(bf16.formula_cycles, peak, 0.01 * peak);
  const OperatorProbe own =
      probe_operator(alone, gemm_graph(shape, number_format(GetParam().format)));
  EXPECT_NEAR(own.formula_cycles / bf16.formula_cycles, GetParam().cycles,
              0.01 * GetParam().cycles);
  EXPECT_EQ(own.simulated_cycles, own.formula_cycles);
}

TEST_P(ProductFormats, BytesAndEnergyFollowWidthAndRate) {
  const Chip chip = chip_of();
  const TileShape shape{1024, 1024, 1024};
  const NumberFormat format = number_format(GetParam().format);
  const OperatorProbe bf16 = probe_operator(chip, gemm_graph(shape, number_format("bf16")));
  const OperatorProbe own = probe_operator(chip, gemm_graph(shape, format));
  const auto mac_energy = [&](const ActionCounts& actions) {
    for (const EnergyPart& part : energy_breakdown(chip, actions, Seconds(1))) {
      if (part.block == "tensor cores" && part.action == "mac") return part.energy.value();
    }
    return 0.0;
  };
  const double bf16_energy = mac_energy(bf16.estimate.actions);
  EXPECT_GT(bf16_energy, 0);
  for (const ActionCounts* actions : {&own.estimate.actions, &own.simulation.actions}) {
    EXPECT_DOUBLE_EQ(actions->macs, static_cast<double>(shape.macs()));
    EXPECT_DOUBLE_EQ(actions->memory_bytes, GetParam().bytes * bf16.estimate.actions.memory_bytes);
    EXPECT_NEAR(mac_energy(*actions) / bf16_energy, GetParam().cycles, 1e-9);
  }
  EXPECT_GE(to_seconds(own.simulation.time).value(),
            static_cast<double>(shape.macs()) / chip.peak_macs_per_second(format));
}

}  // namespace
}  // namespace simdse
