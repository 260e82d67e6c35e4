// Area and power of real chips. Overheads are fitted on TPU v3 and A100 alone (technology files):
// the die's area, and the power of a chip with nothing to do. TPU v2's power is derived; every
// other row is held out.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>

#include "cli/training_setup.h"
#include "models/chip/chip.h"
#include "search/schedule/planner.h"
#include "sim/run/simulation.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

/// A figure of a real chip beside the model's. `bound`: largest relative error.
void check(const std::string& chip, const std::string& what, bool is_fitted, double model,
           double real, double bound) {
  const double error = model / real - 1;
  fmt::print("{:<10} {:<34} model {:7.1f}  real {:7.1f}  {:+6.1f} %{}\n", chip, what, model, real,
             error * 100, is_fitted ? "  fitted" : "");
  EXPECT_LE(std::abs(error), bound) << chip << " " << what;
}

Chip chip_of(const std::string& name) { return load_chip(name, files()); }

double area_of(const std::string& name) { return chip_of(name).area().value(); }

// Jouppi et al., CACM 2020 and ISCA 2023, give TPU dies as upper bounds; A100: NVIDIA 2020.
TEST(RealChips, DieAreas) {
  check("tpu_v3", "area mm2", true, area_of("tpu_v3"), 648, 0.01);
  check("a100_like", "area mm2", true, area_of("a100_like"), 826, 0.01);
  check("tpu_v2", "area mm2", false, area_of("tpu_v2"), 611, 0.25);
  check("tpu_v4", "area mm2", false, area_of("tpu_v4"), 600, 0.25);
}

TEST(RealChips, TwoMoreMatrixUnitsCostWhatTpuV3CostsMoreThanTpuV2) {
  check("tpu_v3", "area beyond tpu_v2 mm2", false, area_of("tpu_v3") - area_of("tpu_v2"), 37, 0.5);
}

// What the sustained peak is compared with. A100: its TDP of 400 W, at which its power limiter
// holds the chip. TPU v3 and v4: the highest measured (ISCA 2023, table 4). TPU v2: only a TDP is
// published, 280 W, a figure of provisioning as TPU v3's 450 W is; so the highest that TPU v2 would
// have measured is taken to be 280 x 262 / 450, v3's ratio of measured to provisioned.
TEST(RealChips, SustainedPeakPower) {
  const auto sustained = [](const char* name) { return chip_of(name).sustained_power().value(); };
  check("tpu_v3", "always, lowest measured W", true, chip_of("tpu_v3").static_power().value(), 123,
        0.01);
  check("a100_like", "always, idle W", true, chip_of("a100_like").static_power().value(), 88, 0.01);
  check("a100_like", "sustained peak, TDP W", false, sustained("a100_like"), 400, 0.25);
  check("tpu_v3", "sustained peak, highest measured W", false, sustained("tpu_v3"), 262, 0.25);
  check("tpu_v2", "sustained peak, of TDP as in v3 W", false, sustained("tpu_v2"),
        280 * 262 / 450.0, 0.25);
  check("tpu_v4", "sustained peak, highest measured W", false, sustained("tpu_v4"), 192, 0.25);
}

/// Mean power of one simulated training step of BERT-Large as the zoo has it.
double training_power(const std::string& name) {
  const Chip chip = chip_of(name);
  const TrainingSetup setup(load_workload("bert_large", files()));
  const Plan plan = make_plan(chip, setup.tasks).plan;
  const SimulationResult result = simulate(chip, plan, {});
  return (result.energy / to_seconds(result.time)).value();
}

TEST(RealChips, MeanPowerOfTpuV3WhileTraining) {
  check("tpu_v3", "mean while training W", false, training_power("tpu_v3"), 220, 0.2);
}

TEST(RealChips, MeanPowerOfTpuV4WhileTraining) {
  check("tpu_v4", "mean while training W", false, training_power("tpu_v4"), 170, 0.2);
}

// The published split of the A100's die, where a part of the model means the same.
TEST(RealChips, PartsOfTheA100) {
  const Chip chip = chip_of("a100_like");
  const auto part = [&](const std::string& block, const std::string& name) {
    double area = 0;
    for (const ChipCostEntry& entry : chip.costs()) {
      if (entry.name != block) continue;
      for (const AreaPart& piece : entry.each.area) {
        if (piece.name == name) area += piece.area.value() * static_cast<double>(entry.count);
      }
    }
    return area;
  };
  check("a100_like", "memory PHY mm2", true, part("memory", "HBM PHY"), 58, 0.15);
  check("a100_like", "memory control mm2", true, part("memory", "HBM controllers"), 31.77, 0.01);
  check("a100_like", "link PHY mm2", true, part("links", "link PHYs"), 20.95, 0.1);
  // The die has 128 multiprocessors and 96 slices of L2, the product 108 and 80.
  check("a100_like", "interconnect mm2", true, part("network", "crossbar"), 76.44, 0.25);
}

}  // namespace
}  // namespace simdse
