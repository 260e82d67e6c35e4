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

// One block is judged by itself, whatever becomes of the chip around it.
TEST_F(ProbeCli, AChipThatIsTooLargeForTheReticleIsProbedNevertheless) {
  const std::string large =
      " --design tpu_v2 --set design.cores.0.rows=1024 --set design.cores.0.columns=1024";
  for (const std::string& probe :
       {std::string("core --gemm 1024x1024x1024"), std::string("noc --traffic uniform --rate 0.1"),
        std::string("memory --pattern sequential --bytes 1MiB")}) {
    const Outcome r = run("probe " + probe + large + " --json");
    EXPECT_EQ(r.status, 0) << r.err;
    EXPECT_FALSE(Json::parse(r.out).empty());
    EXPECT_NE(r.err.find("the probe is of a chip that can't be built: the die of"),
              std::string::npos)
        << r.err;
  }
  expect_refused("estimate --workload resnet18" + large, "larger than the reticle");
}

TEST_F(ProbeCli, WhatIsAllowedIsSaid) {
  const std::string noc = "probe noc --design tpu_v2 --traffic uniform --rate 0.9 ";
  expect_refused(noc + "--level flits", "--level");
  expect_refused(noc + "--level flits", "allowed: transfers");
  expect_refused(noc + "--seed -1", "'-1' must be a whole number, not negative");
  expect_refused("probe core --design tpu_v2 --gemm 2x2x2 --group cores.1",
                 "must be a whole number, not negative");
  expect_refused("simulate --design tpu_v2 --workload resnet18 --dim a=3", "ONNX models only");
  expect_refused("blocks --design tpu_v2 --set design.clocks=1", "clocks");
}

TEST_F(ProbeCli, AnIdealNetworkTakesTheCycleThatAFlitTakes) {
  for (const char* packet : {"1", "8"}) {
    const Json json = probe(
        "noc --design tpu_v2 --set \"design.noc={type: ideal}\" --traffic "
        "uniform --rate 0.5 --packet " +
        std::string(packet));
    EXPECT_EQ(json.at("formula_mean_latency_cycles"), 1);
    EXPECT_EQ(json.at("simulated_mean_latency_cycles"), 1);
    EXPECT_NEAR(json.at("formula_accepted_rate"), json.at("simulated_accepted_rate"), 0.02);
    EXPECT_FALSE(json.at("formula_saturated"));
  }
}

TEST_F(ProbeCli, BlocksThatAreAskedForAtOnceWaitForThoseBeforeThem) {
  const Json json =
      probe("memory --design tpu_v2 --pattern sequential --bytes 16MiB --outstanding 1000000");
  const double simulated = json.at("simulated_mean_latency_s");
  EXPECT_NEAR(json.at("formula_mean_latency_s"), simulated, 0.05 * simulated);
}

// Beyond the bound, sources whose own way is free go on.
TEST_F(ProbeCli, TransposedTrafficHoldsBackOnlyWhoPassesAnOverloadedLink) {
  const Json json = probe("noc --design tpu_v2 --traffic transpose --rate 0.9");
  EXPECT_TRUE(json.at("formula_saturated"));
  EXPECT_NEAR(json.at("formula_accepted_rate"), json.at("simulated_accepted_rate"), 0.03);
}

TEST_F(ProbeCli, ABlockAloneWaitsForNoOther) {
  const Json json =
      probe("memory --design tpu_v2 --pattern sequential --block 64MiB --bytes 64MiB");
  const double simulated = json.at("simulated_mean_latency_s");
  EXPECT_NEAR(json.at("formula_mean_latency_s"), simulated, 0.1 * simulated);
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

const std::string kCore = "core --design tpu_v2 ";

TEST_F(ProbeCli, CoreAloneTakesWhatTheArrayTakes) {
  const std::string memories =
      "--set design.cores.0.count=1 --set design.cores.0.operand_depth=65536 "
      "--set design.cores.0.accumulator_depth=65536 ";
  const Json full = probe(kCore + memories + "--gemm 512x4096x1024 --dataflow ws");
  // 32 x 8 folds of 512 rows behind each other, 128 cycles of loading before, the drain behind.
  EXPECT_EQ(full["simulated_cycles"], 128 + 256 * 512 + 128 + 128 - 3);
  EXPECT_EQ(full["formula_cycles"], full["simulated_cycles"]);
  EXPECT_EQ(full["inputs"]["dataflow"], "weight_stationary");
  const Json none = probe(kCore + memories +
                          "--gemm 512x4096x1024 --dataflow output_stationary "
                          "--set design.cores.0.overlap=none");
  EXPECT_EQ(none["simulated_cycles"], (128 + 128 + 1024 - 2) * 4 * 32 - 1);
  EXPECT_NEAR(none["simulated_utilisation"].get<double>(),
              512.0 * 4096 * 1024 / (128 * 128) / none["simulated_cycles"].get<double>(), 1e-12);
}

TEST_F(ProbeCli, AChipIsSlowerThanItsCoresAndTwoCoresFasterThanOne) {
  const Json two = probe(kCore + "--gemm 2048x2048x2048");
  EXPECT_GT(two["simulated_chip_cycles"], two["simulated_cycles"].get<double>() / 2);
  EXPECT_LT(two["simulated_chip_cycles"], two["simulated_cycles"]);
  const Json norm = probe(kCore + "--vector layer_norm --shape 512x768");
  EXPECT_EQ(norm["formula_cycles"], norm["simulated_cycles"]);
  EXPECT_EQ(norm["inputs"]["macs"], 0);
  EXPECT_EQ(probe(kCore + "--operator \"{kind: convolution, channels: 64, kernel: 3, pad: 1}\" "
                          "--shape 1x64x56x56")["inputs"]["macs"],
            64.0 * 64 * 9 * 56 * 56);
}

// The core alone is of the group that is asked for.
TEST_F(ProbeCli, EachGroupOfCoresCanBeProbed) {
  const std::string design =
      write("two_groups.yaml",
            "schema: 1\n"
            "extends: " SIMDSE_SOURCE_DIR
            "/configs/designs/tpu_v2.yaml\n"
            "cores:\n"
            "  - {kind: tensor_core, type: systolic, rows: 128, columns: 128}\n"
            "  - {kind: tensor_core, type: systolic, rows: 32, columns: 32}\n"
            "  - {kind: vector_core, type: simd, lanes: 128, sublanes: 8}\n");
  const std::string product = "core --design " + design + " --gemm 512x512x512 --dataflow ws";
  const Json first = probe(product);
  EXPECT_EQ(probe(product + " --group 0")["simulated_cycles"], first["simulated_cycles"]);
  const Json small = probe(product + " --group 1");
  // A sixteenth of the PEs, at most at work all the time.
  EXPECT_GE(small["simulated_cycles"].get<double>(), 512.0 * 512 * 512 / (32 * 32));
  EXPECT_EQ(small["simulated_chip_cycles"], first["simulated_chip_cycles"]);
  EXPECT_LT(first["simulated_cycles"].get<double>(), 512.0 * 512 * 512 / (32 * 32));
  expect_refused("probe " + product + " --group 2",
                 "--group: cores.2 is a vector_core, the operator keeps a tensor_core busy");
  expect_refused("probe " + product + " --group 3", "has no cores.3: it has 3 groups");
}

// What a chip's simulation uses beside the network's flits: as far as docs/network.md says.
TEST_F(ProbeCli, TransfersThroughAMeshAreAsFarFromFlitsAsDocumented) {
  const std::string at =
      "noc --design mesh_8x8 --traffic uniform --packet 8 --cycles 10000 --rate ";
  const auto error = [&](const std::string& rate) {
    const auto latency = [&](const char* level) {
      return probe(at + rate + " --level " + level)["simulated_mean_latency_cycles"].get<double>();
    };
    return latency("transfers") / latency("flits") - 1;
  };
  EXPECT_NEAR(error("0.1"), -0.003, 0.015);
  EXPECT_NEAR(error("0.3"), -0.114, 0.03);
}

TEST_F(ProbeCli, ACoreIsProbedTheSameWayAgain) {
  const std::string arguments =
      "probe " + kCore + "--vector add --shape 64x64 --shape 64x64 --json";
  EXPECT_EQ(run(arguments).out, run(arguments).out);
}

// Steps of a ring of eight, three links each way.
TEST_F(ProbeCli, ACollectiveIsAsTheTextbookSays) {
  const Json r = probe("collective --design tpu_v4 --op all_reduce --bytes 1MiB --chips 8");
  const double bandwidth = r.at("inputs").at("line_bandwidth_bytes_per_s");
  const double latency = r.at("inputs").at("line_latency_s");
  EXPECT_EQ(r.at("inputs").at("links_per_line"), 3);
  const double time = 2 * 7 / 8.0 * (1 << 20) / bandwidth + 2 * 7 * latency;
  EXPECT_NEAR(r.at("formula_time_s"), time, 1e-6 * time);
  EXPECT_NEAR(r.at("simulated_time_s"), time, 0.02 * time);
  EXPECT_NEAR(r.at("simulated_bus_bandwidth_bytes_per_s"), 1.75 * (1 << 20) / time,
              0.02 * bandwidth);
}

TEST_F(ProbeCli, CollectivesOfSystemsThatComeWithTheProgram) {
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(SIMDSE_SOURCE_DIR) + "/configs/systems")) {
    const Json r = probe("collective --system " + entry.path().string() +
                         " --bytes 1MiB --chips 4 --op all_gather");
    EXPECT_GT(r.at("simulated_time_s"), 0) << entry.path();
  }
  // Every eighth chip, one of each node.
  const Json across = probe("collective --system a100_cluster --bytes 64MiB --ranks 0,8,16,24");
  EXPECT_NEAR(across.at("simulated_bus_bandwidth_bytes_per_s"), 11.93e9, 0.05e9);
}

TEST_F(ProbeCli, CollectivesThatMakeNoSenseAreRefused) {
  const std::string eight = "probe collective --design tpu_v4 --bytes 1MiB --chips 8 ";
  expect_refused("probe collective --bytes 1MiB", "give either --system or --design");
  expect_refused("probe collective --design tpu_v4 --chips 8", "--bytes");
  expect_refused("probe collective --design tpu_v4 --bytes 1MiB", "--chips");
  expect_refused(eight + "--op all_reduc", "--op: there is no 'all_reduc' (did you mean 'all_re");
  expect_refused(eight + "--topology rng", "there is no 'rng' (did you mean 'ring'?)");
  expect_refused(eight + "--algorithm hierarchical",
                 "need two levels or more, and a ring of 8 has one");
  expect_refused(eight + "--topology torus_2d --shape 3,3", "3 x 3 makes 9 chips");
  expect_refused(eight + "--topology torus_2d --shape 3,x", "'x' is not a whole number");
  expect_refused(eight + "--topology switched_two_level", "'network.node' is missing");
  expect_refused(eight + "--ranks 0,9", "there is no chip 9");
  expect_refused(eight + "--ranks 0,a", "is not a list of whole numbers");
  expect_refused(eight + "--set network.segmnt=1KiB", "did you mean 'segment'?");
  expect_refused("probe collective --system a100_clustr --bytes 1MiB",
                 "did you mean 'a100_cluster'?");
  expect_refused("probe collective --system tpu_v4_64 --bytes 1MiB --topology ring",
                 "the system has its own");
  expect_refused("probe collective --system tpu_v4_64 --bytes 1MiB --chips 65", "2 to 64");
}

TEST_F(ProbeCli, BadOperatorsAreRefused) {
  expect_refused("probe " + kCore, "give one of --gemm MxNxK, --vector KIND and --operator KIND");
  expect_refused("probe " + kCore + "--gemm 512x0x3", "'512x0x3' has a size below 1");
  expect_refused("probe " + kCore + "--gemm 512x3", "has 2 sizes, not 3");
  expect_refused("probe " + kCore + "--gemm 512x4k96x3", "is not a list of sizes such as");
  expect_refused("probe " + kCore + "--gemm 512x99999999999999999999x3",
                 "has a size beyond 64 bits");
  expect_refused("probe " + kCore + "--gemm 4294967296x4294967296x4294967296", "GEMM 4294967296x");
  expect_refused("probe " + kCore + "--gemm 8x8x8 --dataflow wss", "(did you mean 'ws'?)");
  expect_refused("probe core --design nvdla_like --gemm 8x8x8 --dataflow os",
                 "the tensor core 'systolic' is not output_stationary; it is weight_stationary");
  expect_refused("probe " + kCore + "--gemm 8x8x8 --format bf17", "(did you mean 'bf16'?)");
  expect_refused("probe " + kCore + "--gemm 8x8x8 --shape 8x8", "--gemm has its sizes itself");
  expect_refused("probe " + kCore + "--vector layer_nrm --shape 8x8",
                 "(did you mean 'layer_norm'?)");
  expect_refused("probe " + kCore + "--vector layer_norm --shape 8x8 --dataflow ws",
                 "only matrix products have one");
  expect_refused("probe " + kCore + "--vector \"{kind: linear, features: 4}\" --shape 8x8",
                 "multiplies matrices");
  expect_refused("probe " + kCore + "--vector layer_norm", "takes 1 inputs, found 0");
  expect_refused("probe " + kCore + "--operator \"{kind: reshape, shape: [64]}\" --shape 8x8",
                 "there is nothing to run");
}

}  // namespace
}  // namespace simdse
