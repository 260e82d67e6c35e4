// `simdse simulate --system`: traces of ranks on the chips of a system.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cli/program.h"

namespace simdse {
namespace {

using Json = nlohmann::json;

class RanksCli : public Program {};

TEST_F(RanksCli, TheImportedTracesRunOnFourChips) {
  const char* given = std::getenv("SIMDSE_CHAKRA_DIR");
  const std::string folder =
      given != nullptr ? given : std::string(SIMDSE_SOURCE_DIR) + "/../shared/data/chakra";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no traces";
  const std::string arguments = "simulate --system tpu_v4_4 --workload " + folder + " --json";
  const Outcome outcome = run(arguments);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json r = Json::parse(outcome.out);
  EXPECT_NEAR(r.at("macs"), 1.42378e12, 1e7);
  EXPECT_EQ(r.at("nodes").at("send"), r.at("nodes").at("receive"));
  EXPECT_GT(r.at("messages"), 324);
  ASSERT_EQ(r.at("ranks").size(), 4U);
  for (const Json& rank : r.at("ranks")) {
    EXPECT_NEAR(rank.at("compute").get<double>() + rank.at("exchange").get<double>() +
                    rank.at("bubble").get<double>(),
                1, 1e-12);
    EXPECT_GT(rank.at("exchange"), 0);
    EXPECT_GT(rank.at("bubble"), 0);
  }
  EXPECT_EQ(run(arguments).out, outcome.out);
  // Slower links, longer exchanges.
  const Json slow = Json::parse(run(arguments + " --set design.links.lane_rate=14Gb/s").out);
  EXPECT_GT(slow.at("simulated_time_s"), r.at("simulated_time_s"));
  EXPECT_GT(slow.at("ranks").at(0).at("exchange"), r.at("ranks").at(0).at("exchange"));
  EXPECT_NE(run("simulate --system a100_80g_8 --workload " + folder)
                .out.find("software     that of the traces; megatron_lm is not applied\n"),
            std::string::npos);
  expect_refused("simulate --system tpu_v4_4 --workload " + folder + " --set network.shape=[2,1]",
                 "has 4 ranks, but tpu_v4_4 only 2 chips");
}

TEST_F(RanksCli, WhatMakesNoSenseIsRefused) {
  expect_refused("simulate --system tpu_v4_4 --workload bert_large", "a folder of Chakra traces");
  expect_refused("simulate --system tpu_v4_4", "--workload");
  expect_refused("simulate --system tpu_v4_4 --design tpu_v4 --workload w",
                 "--design has no meaning with --system");
  write("a.0.et", "not a trace");
  expect_refused("simulate --system tpu_v9 --workload " + folder_.string(), "tpu_v9");
  expect_refused("simulate --system tpu_v4_4 --workload " + folder_.string(), "a.0.et");
}

}  // namespace
}  // namespace simdse
