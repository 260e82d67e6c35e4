// `simdse simulate --system --parallel`: a training step spread over chips.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

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
    EXPECT_LT(std::abs(json.at("gap").get<double>()), 0.12) << parallel;
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
  EXPECT_LE(common.at("simulation").at("time_s"), baseline.at("simulation").at("time_s"));
  EXPECT_LT(std::abs(common.at("simulation").at("gap").get<double>()), 0.12);
  EXPECT_EQ(common.at("design_of_stage").size(), 4U);
  EXPECT_EQ(run(search + " --json -j 1 -o " + file("found_again")).out, outcome.out);
}

/// Which design is best is for the simulation to say, down the ranking of the estimate.
TEST_F(SystemStepCli, TheSimulationDecidesBetweenCommonDesigns) {
  const std::string search =
      "search bert_large_16 --set top_k=4 --set workload.layers=2 --set 'space={cores.0.count: "
      "[2, 4], cores.1.count: [2, 3, 4], global_buffer.capacity: [16 MiB, 22 MiB]}' -o " +
      file("found");
  const Outcome outcome = run(search + " --json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  std::vector<double> times;
  double most_favourable = -1;
  for (const char* list : {"candidates", "baselines"}) {
    for (const Json& choice : json.at(list)) {
      const Json& simulation = choice.at("simulation");
      most_favourable = std::max(most_favourable, simulation.at("gap").get<double>());
      if (list == std::string("candidates")) times.push_back(simulation.at("time_s"));
    }
  }
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  EXPECT_GT(times.size(), 1U);  // three gaps are the least
  const Json& decision = json.at("decision");
  EXPECT_TRUE(decision.at("is_decided").get<bool>());
  EXPECT_EQ(decision.at("open"), 0);
  EXPECT_EQ(decision.at("simulated"), times.size());
  EXPECT_GE(decision.at("gaps"), 3);
  EXPECT_GE(decision.at("common_designs").get<std::size_t>(), times.size());
  EXPECT_NEAR(decision.at("most_favourable_gap").get<double>(), most_favourable, 1e-9);
  // One is not enough to decide, and that is said.
  const Outcome one = run(search + " --set simulations=1");
  ASSERT_EQ(one.status, 0) << one.err;
  EXPECT_NE(one.out.find("undecided   1 of "), std::string::npos) << one.out;
  const Json few = Json::parse(run(search + " --json --set simulations=1").out).at("decision");
  EXPECT_FALSE(few.at("is_decided").get<bool>());
  EXPECT_LT(few.at("gaps"), 3);
}

/// The interrupt comes while the first of some long simulations runs: the estimates are kept, and
/// nothing is decided. (On a slow machine it comes before there is anything to keep.)
TEST_F(SystemStepCli, AnInterruptedSearchKeepsWhatItHas) {
  const std::string out = file("found");
  const Outcome r = run_and_interrupt({"search", "gpt3_175b_64", "-j", "1", "--set", "top_k=2",
                                       "--set", "space={cores.1.count: [2, 4]}", "-o", out},
                                      "stages", std::chrono::milliseconds(8000));
  EXPECT_EQ(r.status, 130) << r.err;
  if (!std::filesystem::exists(out + "/results.json")) {
    EXPECT_NE(r.err.find("interrupted before"), std::string::npos) << r.err;
    return;
  }
  const Json json = Json::parse(read(out + "/results.json"));
  EXPECT_EQ(json.at("status"), "partial");
  EXPECT_EQ(json.at("stopped_by"), "interrupt");
  EXPECT_FALSE(json.at("decision").at("is_decided").get<bool>());
  EXPECT_GT(json.at("candidates").at(0).at("estimate").at("throughput_samples_per_s"), 0);
  EXPECT_NE(r.out.find("interrupted"), std::string::npos) << r.out;
}

/// All that a system's file says of its network and its software tells searches apart.
TEST_F(SystemStepCli, OtherSystemsHaveOtherIdentities) {
  const auto identity = [&](const std::string& network, const std::string& more) {
    std::ofstream(file("system.yaml"))
        << "schema: 1\nchip: tpu_v4\n"
        << more << "network: {topology: ring, chips: 4" << network << "}\n";
    const Outcome outcome =
        run("search gpt2_xl_4 --json --set workload.layers=4 --set 'space={cores.0.count: [4, 8]}' "
            "--set system=" +
            file("system.yaml") + " -o " + file("found"));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.status == 0 ? Json::parse(outcome.out).at("identity").get<std::string>() : "";
  };
  const std::set<std::string> identities = {
      identity("", ""),
      identity(", send_overhead: 100 us", ""),
      identity(", segment: 32 KiB", ""),
      identity(", queue: 512 KiB", ""),
      identity(", forward_latency: 200 ns", ""),
      identity("", "software: megatron_lm\n"),
  };
  EXPECT_EQ(identities.size(), 6U);
}

/// A replica on every chip: there is one kind of stage, and no bubble.
TEST_F(SystemStepCli, ChipsOfReplicasAreSearched) {
  const Outcome outcome = run(
      "search bert_large_16 --json --set workload.layers=2 --set 'space={cores.0.count: [2, 4], "
      "global_buffer.capacity: [16 MiB, 22 MiB]}' -o " +
      file("found"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json.at("samples_per_step"), 16 * 8);
  EXPECT_EQ(json.at("kinds_of_stage").size(), 1U);
  const Json& simulation = json.at("candidates").at(0).at("simulation");
  EXPECT_EQ(simulation.at("breakdown").at("bubble"), 0);
  EXPECT_GT(simulation.at("breakdown").at("exchange"), 0);
}

/// Degrees that are left open are those of the fastest of all, and nothing is passed over in
/// silence.
TEST_F(SystemStepCli, DegreesAreSearchedWithTheChips) {
  const std::string search =
      "search gpt2_xl_4 --set workload.layers=8 --set workload.heads=6 --set workload.hidden=384 "
      "--set 'space={cores.0.count: [4, 8], global_buffer.capacity: [64 MiB, 142 MiB]}' --set "
      "'parallel={tensor: auto, pipeline: auto, data: auto, chips: 4, global_batch: 8}' -o " +
      file("found");
  const Outcome outcome = run(search + " --json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  const Json& first = json.at("degrees").at(0);
  EXPECT_EQ(first.size(), 6U);  // ways to make 4 of three factors
  std::map<std::string, int> verdicts;
  double most = 0;
  for (const Json& trial : first) {
    ++verdicts[trial.at("verdict").get<std::string>()];
    if (trial.at("verdict") != "estimated") continue;
    most = std::max(most, trial.at("estimate_throughput_samples_per_s").get<double>());
  }
  EXPECT_EQ(verdicts["estimated"], 5);
  EXPECT_EQ(verdicts["division"], 1);  // six heads on four chips
  for (const Json& trial : first) {
    if (!trial.at("is_chosen").get<bool>()) continue;
    EXPECT_EQ(trial.at("estimate_throughput_samples_per_s"), most);
  }
  // Chosen again with the chips found: the last choice is the answer's, or the search for it found
  // nothing better.
  ASSERT_GE(json.at("degrees").size(), 2U);
  EXPECT_GE(json.at("candidates").at(0).at("estimate").at("throughput_samples_per_s"), most);
  const std::string text = run(search).out;
  EXPECT_NE(text.find("the fastest of 5 by the estimate, 1 more ruled out"), std::string::npos)
      << text;
  EXPECT_NE(text.find("does not divide the 6 attention heads"), std::string::npos) << text;
}

/// A base with four arrays spreads over two chips each what one array does as fast on one, where a
/// baseline of little memory has no room for it.
TEST_F(SystemStepCli, WhyChipsAreNotSearchedForOtherDegreesIsSaid) {
  const std::string chip = std::string(SIMDSE_SOURCE_DIR) + "/configs/designs/tpu_v4.yaml";
  std::ofstream(file("fast.yaml"))
      << "schema: 1\nextends: " << chip
      << "\ncores:\n  - {kind: tensor_core, type: systolic, count: 4}\n"
         "  - {kind: vector_core, type: simd, count: 2, lanes: 128, sublanes: 8, memory: 1 MiB}\n";
  std::ofstream(file("small.yaml"))
      << "schema: 1\nextends: fast.yaml\nname: small\nmemory: {stacks: 1, stack_capacity: 1 GiB}\n";
  const Outcome outcome =
      run("search gpt2_xl_4 --set top_k=1 --set workload.layers=9 --set workload.heads=8 --set "
          "workload.hidden=352 --set 'space={cores.0.count: [1]}' --set 'parallel={tensor: auto, "
          "pipeline: auto, data: auto, chips: 4, global_batch: 4}' --set base=" +
          file("fast.yaml") + " --set baselines=[" + file("small.yaml") + "] -o " + file("found"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::string reason = "baseline 'small': its memory is too small for a stage";
  EXPECT_NE(outcome.out.find("not searched for these: " + reason), std::string::npos)
      << outcome.out;
  const Json json = Json::parse(read(file("found") + "/results.json"));
  EXPECT_EQ(json.at("degrees_obstacle"), reason);
  EXPECT_EQ(json.at("parallel").at("tensor"), 2);
}

/// A workload may do without the software that its system names.
TEST_F(SystemStepCli, SoftwareIsSwitchedOff) {
  const auto time = [&](const std::string& more) {
    const Json json = json_of("{tensor: 4, microbatches: 2}", more);
    return json.is_null() ? 0 : json.at("time_s").get<double>();
  };
  const double without = time("");
  EXPECT_GT(time("--set software=megatron_lm"), without);
  EXPECT_EQ(time("--set software=megatron_lm --set workload.software=none"), without);
  EXPECT_EQ(time("--set software=none"), without);
}

TEST_F(SystemStepCli, FewMicrobatchesAndUnequalStagesGetWarnings) {
  const Outcome outcome =
      run("search gpt2_xl_4 --set workload.layers=6 --set workload.heads=20 --set "
          "workload.hidden=640 --set 'space={cores.0.count: [4, 8]}' --set "
          "'parallel={pipeline: 4, microbatches: 2}' -o " +
          file("found"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(
      outcome.out.find("warning     2 microbatches are fewer than 4 pipeline stages: about 60 "
                       "% of the time is bubble"),
      std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("warning     6 layers do not divide into 4 stages: the largest has 2, "
                             "33 % more than the mean"),
            std::string::npos)
      << outcome.out;
}

/// By throughput per TDP the choice is no worse than the baseline, which the space has, and no
/// worse than the choice by throughput; it is no slower than the baseline.
TEST_F(SystemStepCli, ChipsAreSearchedForThroughputPerWatt) {
  const std::string search =
      "search gpt2_xl_4 --json --set workload.layers=8 --set workload.heads=20 --set "
      "workload.hidden=640 --set 'space={cores.0.count: [4, 8], cores.1.count: [1, 2, 4], "
      "global_buffer.capacity: [64 MiB, 142 MiB]}' -o " +
      file("found");
  const auto choice = [&](const std::string& objective, const char* list) {
    const Outcome outcome = run(search + " --set 'objectives=[" + objective + "]'");
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    const Json json = Json::parse(outcome.out);
    EXPECT_EQ(json.at("objective"), objective);
    return json.at(list).at(0);
  };
  const auto per_watt = [](const Json& of) {
    return of.at("estimate").at("throughput_samples_per_s").get<double>() /
           of.at("tdp_w").get<double>();
  };
  const Json best = choice("throughput_per_tdp", "candidates");
  const Json fastest = choice("throughput", "candidates");
  const Json baseline = choice("throughput_per_tdp", "baselines");
  EXPECT_GE(per_watt(best), per_watt(fastest));
  EXPECT_GT(per_watt(best), per_watt(baseline));
  EXPECT_LE(best.at("estimate").at("time_s"), baseline.at("estimate").at("time_s"));
}

/// The last stage has a vocabulary so large that it wants other cores than the others, and has time
/// for nothing less than the fastest.
TEST_F(SystemStepCli, StagesOfDifferentWorkMayHaveDifferentChips) {
  const Outcome outcome =
      run("search gpt2_xl_4 --json --set workload.layers=4 --set workload.vocabulary=200000 --set "
          "'budget={area: 500 mm2, power: 260 W}' --set 'space={cores.0.rows: [64, 128], "
          "cores.0.count: [2, 4, 6, 8], cores.1.count: [1, 2, 4, 6], global_buffer.capacity: "
          "[32 MiB, 142 MiB]}' -o " +
          file("found"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  const Json& common = json.at("candidates").at(0);
  const Json& mosaic = json.at("candidates").at(1);
  EXPECT_EQ(mosaic.at("name"), "mosaic");
  EXPECT_EQ(common.at("designs").size(), 1U);
  EXPECT_EQ(mosaic.at("designs").size(), 2U);
  EXPECT_NE(mosaic.at("designs").at(0), mosaic.at("designs").at(1));
  EXPECT_LT(mosaic.at("estimate").at("time_s"), common.at("estimate").at("time_s"));
  EXPECT_NE(mosaic.at("area_mm2"), common.at("area_mm2"));
  // All assignments were tried, and the choice is the best of them.
  const Json& all = json.at("all_assignments");
  const double kinds = static_cast<double>(json.at("kinds_of_stage").size());
  EXPECT_EQ(all.at("count").get<double>(), std::pow(all.at("designs").get<double>(), kinds));
  EXPECT_GE(all.at("loss_of_choice_by_kind").get<double>(), 0);
  EXPECT_LT(all.at("loss_of_choice_by_kind").get<double>(), 0.05);
}

/// Designs whose memory is too small for a stage are none, however many there are of them.
TEST_F(SystemStepCli, TheBaselineIsNotLostAmongDesignsOfTooLittleMemory) {
  const Outcome outcome =
      run("search gpt2_xl_4 --json --set top_k=4 --set 'space={cores.0.count: [4, 8], "
          "memory.stack_capacity: [2 GiB, 8 GiB]}' -o " +
          file("found"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_LE(json.at("candidates").at(0).at("estimate").at("time_s"),
            json.at("baselines").at(0).at("estimate").at("time_s"));
  for (const Json& kind : json.at("kinds_of_stage")) {
    for (const Json& best : kind.at("best")) {
      EXPECT_NE(best.get<std::string>().find("8 GiB"), std::string::npos) << best;
    }
  }
}

/// Pairs of a design and degrees; all train as many samples, whatever the degrees.
TEST_F(SystemStepCli, TheEstimateOfASystemIsHeldAgainstItsSimulation) {
  const std::string command =
      "validate gpt2_xl_4 --designs 6 --set workload.layers=4 --set workload.heads=6 --set "
      "workload.hidden=384 --set parallel.microbatches=4 -o " +
      file("pairs");
  const Outcome outcome = run(command + " --json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json.at("simulated"), 6);
  EXPECT_EQ(json.at("drawn_near_best"), 3);
  const Json& estimate = json.at("predictors").at("estimate");
  EXPECT_GT(estimate.at("mean_abs_gap").get<double>(), 0);
  EXPECT_LT(estimate.at("max_abs_gap").get<double>(), 0.15);
  EXPECT_FALSE(json.at("predictors").contains("roofline"));
  const std::string text = run(command).out;
  EXPECT_NE(text.find("gpt2_xl on tpu_v4_4 (4 chips): designs, each with degrees"),
            std::string::npos)
      << text;
}

TEST_F(SystemStepCli, WhatASearchOfASystemHasNoUseForIsRefused) {
  const auto refused = [&](const std::string& command, const std::string& message) {
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.status, 2) << command;
    EXPECT_NE(outcome.err.find(message), std::string::npos) << outcome.err;
  };
  refused("compare gpt2_xl_4 --with random", "system");
  refused("validate gpt2_xl_4 --explain 2", "not with a system");
  const std::string search = "search gpt2_xl_4 -o " + file("found") + " --set ";
  refused(search + "objectives=[energy]", "either throughput or throughput_per_tdp");
  refused(search + "throughput_floor=3", "throughput_floor has no meaning");
  refused(search + "method=exact", "method has no meaning");
  refused(search + "simulations=0", "out of range (1 to");
  refused(search + "system=tpu_v4_64", "tpu_v4_64 has 64");
  refused(search + "parallel.microbatch=2", "workload's batch");
  refused(search + "'parallel={tensor: 2, data: 2, microbatches: 16}'",
          "parallel={tensor: 2, data: 2, microbatches: 16}: tensor parallelism: the degree 2 does "
          "not divide the 25 attention heads");
  refused(search + "'parallel={pipeline: auto, chips: 8, microbatches: 16}'",
          "(tensor 1 x pipeline auto x data 1), and tpu_v4_4 has 4");
  refused(search + "'parallel={tensor: auto, data: 2, chips: 4, microbatches: 16}'",
          "the degree 2 does not divide");
  const Outcome none = run("search gpt2_xl_4 --json -o " + file("none") +
                           " --set 'budget={area: 1 mm2, power: 1 W}'");
  EXPECT_EQ(none.status, 1) << none.err;
  EXPECT_EQ(Json::parse(none.out).at("status"), "none");
}

TEST_F(SystemStepCli, BadInputIsRefused) {
  expect_refused("{tensor: 2, microbatches: 2}", "tpu_v4_4 has 4");
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
