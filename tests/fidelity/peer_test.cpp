// Products on the hardware that an event-driven simulator models (configs/designs/
// event_driven_peer.yaml), against the cycles that it counts. Nothing is fitted.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "cli/probe/one_operator.h"

namespace simdse {
namespace {

struct Row {
  TileShape sizes;
  double cycles;
  double bound;
};

const Row rows[] = {
    {{256, 256, 256}, 1851, 0.10},     {{512, 512, 512}, 9283, 0.10},
    {{1024, 1024, 1024}, 67141, 0.03}, {{2048, 2048, 2048}, 526949, 0.03},
    {{512, 4096, 1024}, 132677, 0.03}, {{2048, 4608, 12288}, 7084649, 0.03},
};

class EventDrivenPeer : public testing::TestWithParam<Row> {};

TEST_P(EventDrivenPeer, CountsTheSameCycles) {
  const Row& row = GetParam();
  const Chip chip = load_chip("event_driven_peer", DataFiles(SIMDSE_SOURCE_DIR));
  const OperatorProbe run = probe_operator(chip, gemm_graph(row.sizes, number_format("fp16")));
  const double estimate = run.formula_cycles / row.cycles - 1;
  const double simulation = run.simulated_cycles / row.cycles - 1;
  fmt::print(
      "event_driven_peer {}x{}x{}: {:.0f} cycles, estimate {:+.1f} %, simulation {:+.1f} %\n",
      row.sizes.m, row.sizes.n, row.sizes.k, row.cycles, estimate * 100, simulation * 100);
  EXPECT_LE(std::abs(estimate), row.bound);
  EXPECT_LE(std::abs(simulation), row.bound);
}

INSTANTIATE_TEST_SUITE_P(Rows, EventDrivenPeer, testing::ValuesIn(rows),
                         [](const testing::TestParamInfo<Row>& row) {
                           const TileShape& s = row.param.sizes;
                           return fmt::format("{}x{}x{}", s.m, s.n, s.k);
                         });

}  // namespace
}  // namespace simdse
