// Probes as their users meet them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/program.h"

namespace simdse {
namespace {

using Json = nlohmann::json;

class ProbeCli : public Program {
 protected:
  Json probe(const std::string& arguments) const {
    const Outcome r = run("probe " + arguments + " --json");
    EXPECT_EQ(r.status, 0) << r.err;
    return Json::parse(r.out);
  }
};

const std::string kMemory = "probe memory --design tpu_v2 --pattern sequential ";

TEST_F(ProbeCli, WrongWordsOfferTheNearestSpelling) {
  expect_refused("probe", "say what to probe: ");
  expect_refused("probe memry --design tpu_v2",
                 "there is no probe 'memry' (did you mean 'memory'?)");
  expect_refused("probe memory --pattern random", "'design' is missing");
  expect_refused("probe memory --design tpu_v2 --pattern squential",
                 "(did you mean 'sequential'?)");
  expect_refused("probe memory --design tpuv2 --pattern random", "(did you mean 'tpu_v2'?)");
  expect_refused(kMemory + "--blok 64B", "(did you mean '--block'?)");
}

TEST_F(ProbeCli, HelpListsProbesAndEachHasAnExample) {
  EXPECT_NE(run("probe --help").out.find("memory"), std::string::npos);
  const Outcome own = run("probe memory --help");
  EXPECT_EQ(own.status, 0);
  EXPECT_NE(own.out.find("Example:\n  simdse probe memory --design"), std::string::npos);
}

TEST_F(ProbeCli, NonsenseIsRefused) {
  expect_refused(kMemory + "--block 0B", "--block: '0B' is not allowed");
  expect_refused(kMemory + "--block 64", "--block: '64' needs a unit");
  expect_refused(kMemory + "--block 64.5B", "not a whole number of bytes");
  expect_refused(kMemory + "--write-share 1.1", "--write-share: '1.1' is not allowed (0 to 1)");
  expect_refused(kMemory + "--write-share -0.1", "--write-share");
  expect_refused(kMemory + "--stride 4KiB", "only --pattern stride has one");
  expect_refused("probe memory --design tpu_v2 --pattern stride --block 1KiB --stride 512B",
                 "blocks would overlap");
  expect_refused(kMemory + "--bytes 17GiB", "--bytes: '17GiB' is not allowed");
  expect_refused(kMemory + "--bytes 128B", "--bytes: '128B' is not allowed (256 B to 16 GiB)");
  expect_refused(kMemory + "--outstanding 0", "--outstanding");
  expect_refused(kMemory + "--set workload.batch=1", "a probe has no workload");
}

TEST_F(ProbeCli, EveryFigureIsGivenByFormulaAndSimulated) {
  const Json json = probe("memory --design tpu_v2 --pattern sequential --bytes 1MiB");
  for (const char* name :
       {"bandwidth_bytes_per_s", "fraction_of_peak", "mean_latency_s", "idle_latency_s"}) {
    for (const char* view : {"formula_", "simulated_"}) {
      EXPECT_GT(json.at(std::string(view) + name).get<double>(), 0) << view << name;
    }
  }
  EXPECT_EQ(json.at("inputs").at("block_bytes"), 256);
  EXPECT_EQ(run(kMemory + "--block 256B").out, run(kMemory + "--block '256 B'").out);
  const double peak = json.at("inputs").at("peak_bandwidth_bytes_per_s");
  EXPECT_NEAR(json.at("simulated_fraction_of_peak").get<double>() * peak,
              json.at("simulated_bandwidth_bytes_per_s").get<double>(), 1);
}

// An ideal memory has no figure that could be a number of its bandwidth, and no latency.
TEST_F(ProbeCli, AnIdealMemoryAnswersAtOnce) {
  const Json json =
      probe("memory --design tpu_v2 --set design.memory='{type: ideal}' --pattern random");
  EXPECT_TRUE(json.at("simulated_bandwidth_bytes_per_s").is_null());
  EXPECT_EQ(json.at("simulated_mean_latency_s"), 0);
  EXPECT_EQ(json.at("formula_idle_latency_s"), 0);
}

TEST_F(ProbeCli, TheSeedDecides) {
  const std::string random = "memory --design tpu_v2 --pattern random --bytes 1MiB --seed ";
  EXPECT_EQ(probe(random + "1"), probe(random + "1"));
  EXPECT_NE(probe(random + "1").at("simulated_bandwidth_bytes_per_s"),
            probe(random + "2").at("simulated_bandwidth_bytes_per_s"));
}

}  // namespace
}  // namespace simdse
