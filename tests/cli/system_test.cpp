// `simdse simulate --system --parallel`: a training step spread over chips.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/program.h"

namespace {

using Json = nlohmann::json;
using simdse::Outcome;

class SystemStepCli : public simdse::Program {
 protected:
  static std::string command(const std::string& parallel, const std::string& more = "") {
    return "simulate --system tpu_v4_4 --workload gpt2_xl --set workload.layers=4 --set "
           "workload.heads=20 --set workload.hidden=640 --set workload.positions=256 --parallel '" +
           parallel + "' " + more;
  }
  Json json_of(const std::string& parallel, const std::string& more = "") {
    const Outcome outcome = run(command(parallel, more + " --json"));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.status == 0 ? Json::parse(outcome.out) : Json();
  }
  void expect_refused(const std::string& parallel, const std::string& message,
                      const std::string& more = "") {
    const Outcome outcome = run(command(parallel, more));
    EXPECT_EQ(outcome.status, 2) << parallel;
    EXPECT_NE(outcome.err.find(message), std::string::npos) << outcome.err;
  }
};

TEST_F(SystemStepCli, EveryKindOfParallelismIsEstimatedAndSimulated) {
  for (const char* parallel :
       {"{tensor: 4, microbatches: 2}", "{tensor: 4, microbatches: 2, sequence_parallel: true}",
        "{pipeline: 4, microbatches: 8}", "{pipeline: 4, microbatches: 8, schedule: gpipe}",
        "{pipeline: 2, data: 2, microbatches: 4, schedule: zero_bubble}",
        "{tensor: 2, pipeline: 2, microbatches: 4, schedule: interleaved, interleave: 2}",
        "{data: 4, microbatches: 2}", "{data: 4, microbatches: 2, zero: 1}",
        "{data: 4, microbatches: 2, zero: 3}", "{tensor: 2, data: 2, microbatches: 2}"}) {
    const Json json = json_of(parallel);
    if (json.is_null()) continue;
    EXPECT_LT(std::abs(json.at("gap").get<double>()), 0.2) << parallel;
    EXPECT_LT(json.at("mfu").get<double>(), 1) << parallel;
    EXPECT_GT(json.at("mfu").get<double>(), 0) << parallel;
    double sum = 0;
    for (const auto& share : json.at("breakdown")) sum += share.get<double>();
    EXPECT_NEAR(sum, 1, 1e-9) << parallel;
    EXPECT_EQ(json.at("stages").size(), json.at("parallel").at("pipeline").get<std::size_t>());
  }
}

TEST_F(SystemStepCli, AutomaticDegreesAreNoSlowerThanGivenOnes) {
  const Json chosen =
      json_of("{tensor: auto, pipeline: auto, data: auto, chips: 4, global_batch: 8}");
  ASSERT_FALSE(chosen.is_null());
  for (const char* given : {"{tensor: 4, global_batch: 8}", "{pipeline: 4, global_batch: 8}",
                            "{data: 4, global_batch: 8}"}) {
    EXPECT_LE(chosen.at("estimate_time_s").get<double>(),
              json_of(given).at("estimate_time_s").get<double>())
        << given;
  }
}

TEST_F(SystemStepCli, ASlowLineSlowsTheStep) {
  const std::string parallel = "{data: 4, microbatches: 1}";
  const double whole = json_of(parallel).at("time_s").get<double>();
  const double slow =
      json_of(parallel, "--set 'network.slow_links=[{from: chip0, to: chip1, share: 0.01}]'")
          .at("time_s")
          .get<double>();
  EXPECT_GT(slow, 1.05 * whole);
}

TEST_F(SystemStepCli, ChipsOfASystemAreSearched) {
  const std::string search =
      "search gpt2_xl_4 --set workload.layers=8 --set workload.heads=20 --set workload.hidden=640 "
      "--set 'space={cores.0.count: [4, 8], global_buffer.capacity: [64 MiB, 142 MiB]}'";
  const Outcome outcome = run(search + " --json -o " + file("found"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  const Json& common = json.at("candidates").at(0);
  const Json& baseline = json.at("baselines").at(0);
  // The baseline is in the space.
  EXPECT_LE(common.at("estimate").at("time_s").get<double>(),
            baseline.at("estimate").at("time_s").get<double>() * (1 + 1e-9));
  EXPECT_LT(std::abs(common.at("simulation").at("gap").get<double>()), 0.2);
  EXPECT_EQ(common.at("design_of_stage").size(), 4U);
  EXPECT_EQ(run(search + " --json -j 1 -o " + file("found_again")).out, outcome.out);
  for (const char* command : {"compare gpt2_xl_4 --with random", "validate gpt2_xl_4"}) {
    const Outcome refused = run(command);
    EXPECT_EQ(refused.status, 2) << command;
    EXPECT_NE(refused.err.find("system"), std::string::npos) << refused.err;
  }
}

TEST_F(SystemStepCli, BadInputIsRefused) {
  expect_refused("{tensor: 2, microbatches: 2}", "the system has 4");
  expect_refused("{tensor: 3, chips: 4, microbatches: 2}", "chips");
  expect_refused("{tensr: 4, microbatches: 2}", "did you mean 'tensor'");
  expect_refused("{tensor: 4}", "microbatches");
  expect_refused("{tensor: 4, microbatches: 2}", "does not fit", "--set workload.hidden=20480");
  const Outcome alone =
      run("simulate --design tpu_v4 --workload bert_large --parallel '{tensor: 4}'");
  EXPECT_EQ(alone.status, 2);
  EXPECT_NE(alone.err.find("--system"), std::string::npos);
}

}  // namespace
