// How far the aggregated mode of HBM is from the command-level one on a whole network.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/program.h"

namespace simdse {
namespace {

/// As docs/memory.md publishes it, for a training step of ResNet-18 with batch 2.
struct PublishedTime {
  const char* design;
  double command_ms;
  double percent;  ///< by which the aggregated mode takes longer
};

constexpr PublishedTime kPublishedTimes[] = {{"tpu_v2", 1.2436, -2.9},
                                             {"tpu_v4", 0.59253, -9.8},
                                             {"a100_like", 0.65505, -3.4},
                                             {"tpu_v2_hbm2e", 1.2999, -8.1},
                                             {"tpu_v2_hbm3", 1.0863, -9.1}};

class MemoryModes : public Program, public ::testing::WithParamInterface<PublishedTime> {
 protected:
  double milliseconds(const std::string& mode) const {
    const std::string workload = write("resnet18.yaml", "schema: 1\nmodel: resnet18\nbatch: 2\n");
    const Outcome r =
        run(fmt::format("simulate --design {} --workload {} --json "
                        "--set design.memory.mode={}",
                        GetParam().design, workload, mode));
    EXPECT_EQ(r.status, 0) << r.err;
    return nlohmann::json::parse(r.out)["time_s"].get<double>() * 1e3;
  }
};

TEST_P(MemoryModes, AreAsFarApartAsPublished) {
  const double command = milliseconds("command");
  const double percent = (milliseconds("aggregated") / command - 1) * 100;
  fmt::print("{}: {:.4f} ms by commands, {:+.1f} %\n", GetParam().design, command, percent);
  EXPECT_NEAR(percent, GetParam().percent, 0.5);
  EXPECT_NEAR(command, GetParam().command_ms, 0.01 * GetParam().command_ms);
}

INSTANTIATE_TEST_SUITE_P(Designs, MemoryModes, ::testing::ValuesIn(kPublishedTimes),
                         [](const auto& test) { return test.param.design; });

}  // namespace
}  // namespace simdse
