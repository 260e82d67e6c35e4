// The program as its users meet it: what it prints, where, and with which exit status.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/program.h"

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

using simdse::Outcome;

class Cli : public simdse::Program {
 protected:
  /// A search small enough to be run many times.
  std::string small_search(const std::string& more = "") const {
    return write("small.yaml",
                 "schema: 1\n"
                 "workload: {model: bert_large, layers: 1, batch: 4}\n"
                 "base: tpu_v2\n"
                 "budget: {like: tpu_v2}\n"
                 "top_k: 2\n"
                 "space:\n"
                 "  cores.0.rows: [64, 128]\n"
                 "  cores.0.count: {min: 1, max: 4}\n"
                 "  cores.1.count: [1, 2]\n" +
                     more);
  }
};

TEST_F(Cli, HelpListsCommandsAndEveryCommandHasAnExample) {
  const Outcome help = run("--help");
  EXPECT_EQ(help.status, 0);
  for (const char* command : {"search", "simulate", "estimate", "workload", "blocks", "probe"}) {
    EXPECT_NE(help.out.find(command), std::string::npos);
    const Outcome own = run(std::string(command) + " --help");
    EXPECT_EQ(own.status, 0);
    EXPECT_NE(own.out.find("Example:\n  simdse " + std::string(command)), std::string::npos);
  }
  EXPECT_EQ(run("").status, 2);
}

TEST_F(Cli, ASetHasOneDesignAndWhatItCostsEachWorkload) {
  small_search();
  write("other.yaml",
        "schema: 1\nextends: small.yaml\nworkload: {model: bert_large, layers: 2, batch: 1}\n");
  const std::string set = write("set.yaml", "schema: 1\nsearches: [small.yaml, other.yaml]\n");
  const std::string out = file("set_out");
  const Outcome outcome = run("search " + set + " --json -o " + out);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  ASSERT_EQ(json["workloads"].size(), 2U);
  double product = 1;
  for (const Json& row : json["workloads"]) {
    const double common = row["common"]["simulation"]["throughput_samples_per_s"];
    const double own = row["own_best"]["simulation"]["throughput_samples_per_s"];
    EXPECT_DOUBLE_EQ(row["simulated_share_of_own_best"], common / own);
    EXPECT_EQ(row["common"]["name"], json["common"]["name"]);
    EXPECT_LE(row["estimated_share_of_own_best"], 1);
    product *= common / own;
  }
  EXPECT_NEAR(json["common"]["simulated_geometric_mean_share"], std::sqrt(product), 1e-9);
  EXPECT_EQ(run("search " + set + " -j 1 --json -o " + file("again")).out, outcome.out);
  const Outcome text = run("search " + set + " -o " + out);
  EXPECT_NE(text.out.find("price of"), std::string::npos);
  EXPECT_NE(text.out.find("generality  costs"), std::string::npos);
  EXPECT_TRUE(fs::exists(out + "/best.yaml"));
  expect_refused("search " + set + " --seed 3", "not with a set");
  expect_refused("validate " + set, "searches");
}

TEST_F(Cli, UsageErrorsOfferTheNearestSpelling) {
  expect_refused("serch x", "there is no command 'serch' (did you mean 'search'?)");
  expect_refused("estimate --desing tpu_v2", "did you mean '--design'?");
  expect_refused("estimate --design tpu_v2", "'workload' is missing");
  expect_refused("search a b", "too many positional");
  expect_refused("search bert_large -j 0", "-j must lie between");
  expect_refused("search bert_large -j x", "invalid");
  expect_refused("blocks sistolic", "did you mean 'systolic'?");
}

TEST_F(Cli, UnknownNamesOfferTheNearestSpelling) {
  expect_refused("estimate --design tpuv2 --workload bert_large",
                 "there is no design 'tpuv2' (did you mean 'tpu_v2'?)");
  expect_refused("estimate --design tpu_v2 --workload bert",
                 "there is no workload 'bert' (did you mean 'bert_base'?)");
  expect_refused("search bertlarge", "there is no search 'bertlarge' (did you mean 'bert_large'?)");
  expect_refused("estimate --design tpu_v2 --workload bert_large --op layer0.ff1.forward",
                 "did you mean 'layer0.ffn1.forward'?");
  const Outcome nowhere_near = run("estimate --design tpu_v2 --workload bert_large --op nosuch");
  EXPECT_EQ(nowhere_near.status, 2);
  EXPECT_NE(nowhere_near.err.find("there is no operator 'nosuch' (of "), std::string::npos);
  EXPECT_LT(nowhere_near.err.size(), 300U) << nowhere_near.err;
}

TEST_F(Cli, FilesAreCheckedStrictly) {
  const std::string there = file("no.yaml");
  expect_refused("search " + there, there + ": no such file");
  expect_refused("search " + write("syntax.yaml", "schema: 1\nspace: {a: [1\n"),
                 "syntax.yaml:3:1: YAML");
  expect_refused("search " + write("key.yaml",
                                   "schema: 1\nworkload: bert_large\nbase: tpu_v2\n"
                                   "budget: {like: tpu_v2}\nspce: {}\n"
                                   "space: {cores.0.rows: default}\n"),
                 "key.yaml:5:1: unknown key 'spce' (did you mean 'space'?)");
  expect_refused("search " + write("unit.yaml",
                                   "schema: 1\nworkload: bert_large\nbase: tpu_v2\n"
                                   "budget: {area: 400 W, power: 100 W}\n"
                                   "space: {cores.0.rows: default}\n"),
                 "unit.yaml:4:16: budget.area: wrong unit 'W' in '400 W' (allowed: um2, mm2)");
  expect_refused("search " + write("size.yaml",
                                   "schema: 1\nworkload: bert_large\nbase: tpu_v2\n"
                                   "budget: {area: 0 mm2, power: 100 W}\n"
                                   "space: {cores.0.rows: default}\n"),
                 "size.yaml:4:16: budget.area: 0 mm2 is out of range");
  expect_refused("search " + write("block.yaml",
                                   "schema: 1\nworkload: bert_large\nbase: tpu_v9\n"
                                   "budget: {like: tpu_v2}\nspace: {}\n"),
                 "block.yaml:3:7: there is no design 'tpu_v9' (did you mean 'tpu_v2'?)");
  expect_refused("search " + write("goal.yaml",
                                   "schema: 1\nworkload: bert_large\nbase: tpu_v2\n"
                                   "budget: {like: tpu_v2}\nobjectives: [speed]\n"
                                   "space: {cores.0.rows: default}\n"),
                 "goal.yaml:5:14: objectives: 'speed' is not known");
  expect_refused("workload " + write("w.yaml", "schema: 1\nmodel: bert_large\nbatch: -3\n"),
                 "w.yaml:3:8: batch: -3 is negative");
  expect_refused("workload " + write("v.yaml", "schema: 1\nmodel: bert_large\nbatch: 0\n"),
                 "v.yaml:3:8: batch: 0 is not a whole number of at least 1");
  expect_refused("workload " + write("u.yaml", "schema: 1\nmodel: bert_large\nbatchs: 2\n"),
                 "unknown key 'batchs' (did you mean 'batch'?)");
  expect_refused("workload " + write("d.yaml",
                                     "schema: 1\nmodel: bert_large\n"
                                     "operators: [{name: g, kind: gemm}]\n"),
                 "either 'model' or 'operators'");
}

TEST_F(Cli, OverridesAreCheckedLikeFiles) {
  expect_refused("estimate --design tpu_v2 --workload bert_large --set memory.stacks=2",
                 "must begin with 'design.' or 'workload.'");
  expect_refused("estimate --design tpu_v2 --workload bert_large --set design.memory.stacks",
                 "expected path=value");
  expect_refused("estimate --design tpu_v2 --workload bert_large --set design.memory.stack=2",
                 "did you mean 'stacks'?");
  expect_refused("estimate --design tpu_v2 --workload bert_large --set design.cores.5.count=2",
                 "--set design.cores.5.count=2: '5' is not an item of the list: 0 to 1");
}

TEST_F(Cli, AGraphCanBeDrawn) {
  const Outcome r = run("workload bert_large --dot --set layers=1");
  EXPECT_EQ(r.status, 0);
  EXPECT_EQ(r.out.rfind("digraph \"bert_large\" {", 0), 0u);
  EXPECT_NE(r.out.find(" -> n"), std::string::npos);
  EXPECT_EQ(run("workload bert_large --dot --json").status, 2);
}

TEST_F(Cli, OnnxOptionsAreChecked) {
  EXPECT_EQ(run("workload absent.onnx").status, 2);
  const Outcome r = run("workload absent.onnx --dim steps");
  EXPECT_EQ(r.status, 2);
  EXPECT_NE(r.err.find("expected name=value"), std::string::npos);
  // A model that has no symbolic dimensions does not ignore them.
  EXPECT_EQ(run("workload bert_large --dim steps=3").status, 2);
}

TEST_F(Cli, AModelThatDoesNotFitSaysByHowMuch) {
  const std::string text = "does not fit the memory: it needs";
  expect_refused("estimate --design tpu_v2 --workload bert_large --set workload.batch=64", text);
  expect_refused("estimate --design tpu_v2 --workload bert_large --set workload.batch=64",
                 "too little");
  expect_refused("search bert_large --set workload.batch=64",
                 "baseline 'tpu_v2': the workload does");
}

TEST_F(Cli, AnUnwritableFolderIsFoundBeforeTheWork) {
  // A file where the folder should be; permissions don't stop the superuser.
  const std::string blocker = write("blocker", "");
  expect_refused("search bert_large -o " + blocker, "can't be made a folder");
  expect_refused("search bert_large -o " + blocker + "/sub", "can't be made a folder");
  expect_refused("search bert_large -o /proc/nowhere", "/proc/nowhere");
}

TEST_F(Cli, ABudgetThatNothingMeetsIsANegativeResult) {
  const Outcome r = run("search " + small_search() + " -o " + file("o") +
                        " --set budget='{area: 20 mm2, power: 10 W}'");
  EXPECT_EQ(r.status, 1) << r.err;
  EXPECT_NE(r.err.find("no design meets the budget of 20 mm2 and 10 W; the nearest, 1x64x128"),
            std::string::npos)
      << r.err;
  const Json json = Json::parse(read(file("o") + "/results.json"));
  EXPECT_EQ(json.at("status"), "none");
  EXPECT_NE(json.at("reason").get<std::string>().find("no design meets the budget"),
            std::string::npos);
  EXPECT_EQ(json.at("inputs").at("budget").at("power_w"), 10);
  EXPECT_EQ(std::distance(fs::directory_iterator(file("o")), fs::directory_iterator{}), 1);
  const Outcome as_json = run("search " + small_search() + " --json -o " + file("o") +
                              " --set budget='{area: 20 mm2, power: 10 W}'");
  EXPECT_EQ(as_json.status, 1);
  EXPECT_EQ(Json::parse(as_json.out), json);
}

TEST_F(Cli, AFailedSearchDoesNotPassOffOlderResultsAsItsOwn) {
  const std::string out = file("o");
  ASSERT_EQ(run("search " + small_search() + " -o " + out).status, 0);
  ASSERT_EQ(
      run("search " + small_search() + " -o " + out + " --set budget='{area: 20 mm2, power: 10 W}'")
          .status,
      1);
  EXPECT_EQ(Json::parse(read(out + "/results.json")).at("status"), "none");
  EXPECT_FALSE(fs::exists(out + "/best.yaml"));
  const std::string earlier = read(out + "/results.json.old");
  EXPECT_EQ(Json::parse(earlier).at("status"), "complete");
  // Failing again does not cost what once was found.
  ASSERT_EQ(run("search " + small_search() + " -o " + out + " --set throughput_floor=1e6").status,
            1);
  EXPECT_EQ(read(out + "/results.json.old"), earlier);
  // What is wrong with the input is found before anything is touched; a success clears up.
  ASSERT_EQ(run("search " + small_search() + " -o " + out).status, 0);
  EXPECT_FALSE(fs::exists(out + "/results.json.old"));
  ASSERT_EQ(run("search " + small_search() + " -o " + out + " --set top_k=0").status, 2);
  EXPECT_TRUE(fs::exists(out + "/results.json"));
}

TEST_F(Cli, ASetLeavesNothingOfAnEarlierSearchBesideIt) {
  const std::string out = file("o");
  ASSERT_EQ(run("search " + small_search() + " -o " + out).status, 0);
  const std::string set = write("set.yaml", "schema: 1\nsearches: [small.yaml]\n");
  ASSERT_EQ(run("search " + set + " -o " + out).status, 0);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(out)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"best.yaml", "results.json"}));
}

TEST_F(Cli, AnInterruptedSetKeepsWhatItFound) {
  const std::string out = file("o");
  const Outcome r =
      run_and_interrupt({"search", "configs/searches/eleven/all.yaml", "-j", "1", "-o", out},
                        "budget", std::chrono::milliseconds(2500));
  EXPECT_EQ(r.status, 130) << r.err;
  const Json json = Json::parse(read(out + "/results.json"));
  EXPECT_EQ(json.at("status"), "partial");
  ASSERT_EQ(json.at("workloads").size(), 11U);
  const Json& own = json.at("workloads")[0].at("own_best");
  ASSERT_FALSE(own.is_null());
  EXPECT_GT(own.at("estimate").at("throughput_samples_per_s"), 0);
  EXPECT_TRUE(json.at("common").is_null());
  EXPECT_NE(r.out.find("partial     interrupted"), std::string::npos) << r.out;
}

TEST_F(Cli, TargetsThatAreNoFilesAreFoundBeforeTheWork) {
  fs::create_directories(file("o") + "/best.yaml");
  expect_refused("search bert_large -o " + file("o"),
                 "best.yaml: can't be written: it is not a file");
}

TEST_F(Cli, ASearchWithoutBaselinesHasNoHeadline) {
  const Outcome r = run("search " + small_search("baselines: []\n") + " -o " + file("o"));
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_NE(r.out.find("speed-up    none to report: there is no baseline"), std::string::npos);
  const Json json = Json::parse(read(file("o") + "/results.json"));
  EXPECT_TRUE(json.at("headline").is_null());
  EXPECT_TRUE(json.at("baselines").empty());
}

TEST_F(Cli, AContradictorySpaceIsANegativeResult) {
  const Outcome r = run("search " + small_search() + " -o " + file("o") +
                        " --set 'space={memory.t_rfc: [5 us]}' --set top_k=1");
  EXPECT_EQ(r.status, 1) << r.err;
  EXPECT_NE(r.err.find("contradicts itself"), std::string::npos) << r.err;
}

TEST_F(Cli, WhatASearchIsAskedForIsChecked) {
  const std::string search = "search " + small_search() + " -o " + file("o");
  expect_refused(search + " --set objectives=[throughputs]", "did you mean 'throughput'?");
  expect_refused(search + " --set objectives=[energy,energy]", "'energy' is there twice");
  expect_refused(search + " --set baselines=[tpu_v2,tpu_v2]", "baselines: 'tpu_v2' is there twice");
  expect_refused(search + " --set base={}", "base: expected the name or the path of a design");
  expect_refused(search + " --set space.cores.0=default", "expected a path like cores.0.rows");
  expect_refused(search + " --set budget='{area: 1e9 mm2, power: 1 W}'", "(1 mm2 to 100000 mm2)");
  expect_refused("search " + small_search() + " -o ''", "--output: the folder has no name");
  expect_refused("search docs", "'docs' is a folder, and there is no search of that name");
  write("set.yaml", "schema: 1\nsearches: [small.yaml]\n");
  expect_refused("search " + write("sets.yaml", "schema: 1\nsearches: [set.yaml]\n"),
                 "'set.yaml' is a set; only searches can be in one");
  expect_refused(search + " --set top_k=17", "top_k: 17 designs are to be kept, the space has 16");
  expect_refused(search + " --set throughput_floor=fast", "throughput_floor");
  expect_refused(search + " --set throughput_floor.like=tpu_v22", "tpu_v2");
}

TEST_F(Cli, AnExactSearchSaysWhatItHasProven) {
  const std::string search = "search " + small_search() + " -o " + file("o");
  const Outcome r = run(search + " --set method=exact");
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_NE(r.out.find("proven      throughput: optimal for this estimator"), std::string::npos)
      << r.out;
  const Json json = Json::parse(read(file("o") + "/results.json"));
  EXPECT_EQ(json.at("search").at("method"), "exact");
  EXPECT_EQ(json.at("search").at("certificate").at("gaps").at("throughput"), 0);
  EXPECT_FALSE(json.at("pareto_front").empty());
  EXPECT_NE(read(file("o") + "/search_log.jsonl").find("\"phase\":\"exact\""), std::string::npos);
  expect_refused(search + " --set method=exakt", "did you mean 'exact'?");
  expect_refused(search + " --set limits.nodes=10", "limits: are for the methods exact and");
  expect_refused(search + " --set method=exhaustive --set limits.nodes=10", "nodes");
  expect_refused(search + " --set method=exhaustive --set limits.evaluations=10",
                 "the space has 16 designs, more than limits.evaluations = 10");
}

TEST_F(Cli, ASearchOfTheWholeSpaceAccountsForEveryDesign) {
  const std::string search = "search " + small_search() +
                             " --set 'space.cores.0.count={min: 1, "
                             "max: 8}' --set top_k=1 -o " +
                             file("o");
  for (const char* method : {"exhaustive", "exact"}) {
    const Outcome r = run(search + " --set method=" + method);
    ASSERT_EQ(r.status, 0) << r.err;
    const Json found = Json::parse(read(file("o") + "/results.json")).at("search");
    EXPECT_GT(found.at("designs_over_budget"), 0);
    EXPECT_EQ(found.at("designs_estimated").get<int>() + found.at("designs_bounded").get<int>() +
                  found.at("designs_over_budget").get<int>() +
                  found.at("designs_impossible").get<int>(),
              found.at("designs").get<int>())
        << method << found.dump();
    EXPECT_EQ(r.out.find("the rest not visited"), std::string::npos);
    EXPECT_NE(r.out.find(" over the budget, 0 can't be built, "), std::string::npos) << r.out;
  }
}

TEST_F(Cli, WhatALimitStoppedSaysSo) {
  const std::string search = "search " + small_search() + " --set method=exact -o " + file("o");
  ASSERT_EQ(run(search + " --set limits.nodes=2").status, 0);
  const Json json = Json::parse(read(file("o") + "/results.json"));
  EXPECT_EQ(json.at("stopped_by"), "limits.nodes");
  EXPECT_LE(json.at("search").at("certificate").at("nodes"), 2);
  const Outcome r = run(search + " --set limits.evaluations=1");
  EXPECT_NE(r.out.find("limits.evaluations stopped the search"), std::string::npos) << r.out;
  EXPECT_EQ(Json::parse(read(file("o") + "/results.json")).at("search").at("designs_estimated"), 1);
}

TEST_F(Cli, NothingProvenIsSaidWithTheReason) {
  write("mixed.yaml",
        "schema: 1\nextends: " + std::string(SIMDSE_SOURCE_DIR) +
            "/configs/designs/tpu_v2.yaml\ncores:\n"
            "  - {kind: tensor_core, type: systolic, count: 1, rows: 128, columns: 128}\n"
            "  - {kind: tensor_core, type: systolic, count: 1, rows: 64, columns: 64}\n"
            "  - {kind: vector_core, type: simd, count: 2, lanes: 128}\n");
  const std::string search = "search " + small_search() + " --set base=" + file("mixed.yaml") +
                             " --set 'space={memory.stacks: [2, 4]}' --set top_k=1 -o " + file("o");
  const Outcome r = run(search + " --set baselines=[]");
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_NE(r.out.find("proven      nothing, because there are several groups"), std::string::npos)
      << r.out;
  const Json json = Json::parse(read(file("o") + "/results.json"));
  EXPECT_TRUE(json.at("search").at("certificate").is_null());
  EXPECT_NE(json.at("search").at("nothing_proven_because"), "");
  expect_refused(search + " --set method=exact", "method exhaustive needs no bounds");
}

TEST_F(Cli, AReaderThatHasSeenEnoughIsNoFailure) {
  const std::string command = fmt::format("( sleep 1; {} blocks 2>{}; echo $? >{} ) | true",
                                          SIMDSE_BINARY, file("err"), file("status"));
  // A shell's pipe: its reader is gone before the program writes.
  ASSERT_EQ(std::system(command.c_str()), 0);
  for (int tries = 0; tries < 100 && read(file("status")).empty(); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(read(file("status")), "141\n");  // by SIGPIPE, as shells have it
  EXPECT_EQ(read(file("err")), "");
}

TEST_F(Cli, AFloorThatNothingReachesIsANegativeResult) {
  for (const char* floor : {"1e6", "{like: tpu_v4}"}) {
    const Outcome r = run("search " + small_search() + " -o " + file("o") +
                          " --set objectives=[throughput] --set 'throughput_floor=" + floor + "'");
    EXPECT_EQ(r.status, 1) << r.err;
    EXPECT_NE(r.err.find("no design reaches the floor of"), std::string::npos) << r.err;
  }
}

TEST_F(Cli, SpacesCanBeOverriddenAxisByAxis) {
  const Outcome r = run("search " + small_search() + " -o " + file("o") +
                        " --set space.memory.stacks=[2,4] --set space.cores.1.count=[1] --json");
  ASSERT_EQ(r.status, 0) << r.err;
  const Json space = Json::parse(r.out).at("inputs").at("space");
  EXPECT_EQ(space.at("memory.stacks"), Json::parse(R"(["2", "4"])"));
  EXPECT_EQ(space.at("cores.1.count"), Json::parse(R"(["1"])"));
  EXPECT_EQ(space.size(), 4U);
}

TEST_F(Cli, WhatIsFarTooLargeIsRefusedBeforeItIsMapped) {
  expect_refused("estimate --design tpu_v2 --workload bert_large --set workload.batch=100000",
                 "does not fit the memory: it needs at least 2.293 TiB, the chip has 16 GiB");
}

TEST_F(Cli, FormatsThatNoArrayMultipliesAreRefused) {
  expect_refused(
      "estimate --design nvdla_like --workload bert_large --set workload.layers=1 "
      "--set workload.format=fp32",
      "multiplies fp32, the tensor cores numbers of up to 16 bits");
}

TEST_F(Cli, OnlyRegularFilesOfOneDocumentAreRead) {
  expect_refused("workload /dev/zero/x.yaml", "no such file");
  fs::create_symlink("/dev/zero", file("zero.yaml"));
  expect_refused("workload " + file("zero.yaml"), "is not a regular file");
  ASSERT_EQ(mkfifo(file("pipe.yaml").c_str(), 0600), 0);
  expect_refused("workload " + file("pipe.yaml"), "is not a regular file");
  expect_refused("simulate --design tpu_v2 --workload bert_large --plan " + file("pipe.yaml"),
                 "is not a regular file");
  write("large.yaml", "");
  fs::resize_file(file("large.yaml"), 65 * 1024 * 1024);
  expect_refused("workload " + file("large.yaml"), "is larger than 64 MiB");
  expect_refused("workload " + write("two.yaml", "schema: 1\nmodel: bert_large\n---\nbatch: 2\n"),
                 "two.yaml:3:1: a second document");
  expect_refused("workload " + write("deep.yaml", "schema: 1\na: " + std::string(100000, '[')),
                 "nested too deeply");
}

TEST_F(Cli, AFullDiskUnderStandardOutputIsAFailure) {
  const std::string command =
      fmt::format("{} blocks > /dev/full 2> {}", SIMDSE_BINARY, file("err"));
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 3);
  EXPECT_NE(read(file("err")).find("standard output can't be written"), std::string::npos);
}

TEST_F(Cli, ATechnologyIsRelativeToTheFileThatNamesIt) {
  fs::create_directories(file("designs"));
  fs::copy_file(std::string(SIMDSE_SOURCE_DIR) + "/configs/technology/16nm.yaml",
                file("designs/node.yaml"));
  const std::string design =
      write("designs/own.yaml", fmt::format("schema: 1\nextends: {}/configs/designs/tpu_v2.yaml\n"
                                            "technology: ./node.yaml\n",
                                            SIMDSE_SOURCE_DIR));
  const std::string what = " --workload resnet50 --set workload.batch=1 --json";
  const Outcome own = run("estimate --design " + design + what);
  ASSERT_EQ(own.status, 0) << own.err;
  EXPECT_EQ(Json::parse(own.out).at("area_mm2"),
            Json::parse(run("estimate --design tpu_v2" + what).out).at("area_mm2"));
  fs::remove(file("designs/node.yaml"));
  expect_refused("estimate --design " + design + what,
                 "own.yaml:3:13: " + file("designs/node.yaml"));
  write("designs/wrong.yaml", fmt::format("schema: 1\nextends: {}/configs/designs/tpu_v2.yaml\n"
                                          "technology: 16mn\n",
                                          SIMDSE_SOURCE_DIR));
  expect_refused("estimate --design " + file("designs/wrong.yaml") + what,
                 "wrong.yaml:3:13: there is no technology '16mn'");
}

TEST_F(Cli, ABudgetIsPricedInItsDesignsOwnTechnology) {
  std::string dear = read(std::string(SIMDSE_SOURCE_DIR) + "/configs/technology/16nm.yaml");
  const std::string margin = "tdp_margin:\n  value: ";
  ASSERT_NE(dear.find(margin), std::string::npos);
  dear.insert(dear.find(margin) + margin.size(), "2");  // 1.15 becomes 21.15
  write("dear.yaml", dear);
  write("dear_tpu.yaml", fmt::format("schema: 1\nextends: {}/configs/designs/tpu_v2.yaml\n"
                                     "technology: ./dear.yaml\n",
                                     SIMDSE_SOURCE_DIR));
  const auto power = [&](const std::string& like) {
    const Outcome r = run("search " + small_search() + " -o " + file("o") +
                          " --json --set budget='{like: " + like + "}'");
    EXPECT_EQ(r.status, 0) << r.err;
    return Json::parse(r.out).at("inputs").at("budget").at("power_w").get<double>();
  };
  EXPECT_GT(power("./dear_tpu.yaml"), 2 * power("tpu_v2"));
}

TEST_F(Cli, DifferentNetworksHaveDifferentIdentities) {
  const auto identity = [&](int width) {
    const std::string mlp =
        write("mlp.yaml", fmt::format("schema: 1\nname: mlp\nparameters: {{batch: 16}}\n"
                                      "inputs: {{x: {{shape: [batch, 512]}}}}\n"
                                      "operators:\n"
                                      "  - {{name: up, kind: linear, inputs: x, features: {}}}\n"
                                      "  - {{name: down, kind: linear, features: 512}}\n",
                                      width));
    const Outcome r =
        run("search " + small_search() + " -o " + file("o") + " --json --set workload=" + mlp);
    EXPECT_EQ(r.status, 0) << r.err;
    return Json::parse(r.out).at("identity").get<std::string>();
  };
  EXPECT_EQ(identity(1024), identity(1024));
  EXPECT_NE(identity(1024), identity(2048));
}

/// What a file of software says is part of a run, and so is what of it the network has no use for.
/// A file that names it is where its path begins.
TEST_F(Cli, SoftwareIsToldAndPartOfTheIdentity) {
  const auto results = [&](const std::string& more) {
    const Outcome r = run("search " + small_search() + " -o " + file("o") + " --json " + more);
    EXPECT_EQ(r.status, 0) << r.err;
    return Json::parse(r.out);
  };
  const auto with = [&](const std::string& text) {
    return "--set workload.software=" + write("stack.yaml", "schema: 1\n" + text);
  };
  const Json plain = results("");
  const Json in_order = results(with("kernels: in_order\n"));
  EXPECT_TRUE(plain.at("inputs").at("workload").at("software").is_null());
  EXPECT_EQ(in_order.at("inputs").at("workload").at("software").at("kernels"), "in_order");
  EXPECT_NE(plain.at("identity"), in_order.at("identity"));
  EXPECT_NE(in_order.at("identity"), results(with("update_passes: [zero]\n")).at("identity"));

  write("own.yaml", "schema: 1\nmodel: bert_large\nlayers: 1\nsoftware: ./stack.yaml\n");
  write("stack.yaml", "schema: 1\nfused: [[add, gelu], [add, geluu]]\n");
  const Outcome told = run("estimate --design tpu_v2 --workload " + file("own.yaml"));
  ASSERT_EQ(told.status, 0) << told.err;
  EXPECT_NE(told.out.find("software     stack; no kernel of this network is add + geluu\n"),
            std::string::npos)
      << told.out;
}

TEST_F(Cli, WorkloadTotalsAsJson) {
  const Outcome r = run("workload bert_large --training --json --set batch=1");
  ASSERT_EQ(r.status, 0) << r.err;
  const Json json = Json::parse(r.out);
  EXPECT_EQ(json.at("parameters"), 335141888);
  EXPECT_EQ(json.at("training_macs"), 3 * json.at("forward_macs").get<std::int64_t>());
  std::int64_t macs = 0;
  for (const Json& op : json.at("operators")) {
    macs += op.at("macs").get<std::int64_t>();
    for (const char* key : {"name", "kind", "phase", "input_bytes", "output_bytes"}) {
      EXPECT_TRUE(op.contains(key));
    }
  }
  EXPECT_EQ(macs, json.at("training_macs"));
  for (const char* key : {"weights", "gradients", "optimizer", "activations"}) {
    EXPECT_GT(json.at("peak_memory_bytes").at(key).get<std::int64_t>(), 0);
  }
}

TEST_F(Cli, EstimateAndSimulateAgreeOnTheirContract) {
  const std::string what = " --design tpu_v2 --workload resnet50 --set workload.batch=2 --json";
  const Outcome estimated = run("estimate" + what);
  const Outcome simulated = run("simulate" + what);
  ASSERT_EQ(estimated.status, 0) << estimated.err;
  ASSERT_EQ(simulated.status, 0) << simulated.err;
  const Json e = Json::parse(estimated.out);
  const Json s = Json::parse(simulated.out);
  for (const Json* json : {&e, &s}) {
    for (const char* key :
         {"time_s", "throughput_samples_per_s", "energy_j", "area_mm2", "tdp_w"}) {
      EXPECT_GT(json->at(key).get<double>(), 0) << key;
    }
    double sum = 0;
    for (const auto& [name, share] : json->at("breakdown").items()) sum += share.get<double>();
    EXPECT_NEAR(sum, 1, 1e-9);
    for (const Json& op : json->at("operators")) {
      EXPECT_GT(op.at("cycles").get<double>(), 0);
      EXPECT_FALSE(op.at("bound").get<std::string>().empty());
    }
  }
  EXPECT_DOUBLE_EQ(s.at("estimate_time_s"), e.at("time_s"));
  EXPECT_NEAR(s.at("gap").get<double>(),
              e.at("time_s").get<double>() / s.at("time_s").get<double>() - 1, 1e-12);
}

TEST_F(Cli, OneOperatorCanBeCheckedWithACalculator) {
  const Outcome r =
      run("estimate --design tpu_v2 --workload bert_large --op layer0.ffn1.forward --json");
  ASSERT_EQ(r.status, 0) << r.err;
  const Json json = Json::parse(r.out);
  EXPECT_EQ(json.at("macs"), 4096LL * 4096 * 1024);
  const double ideal = 4096.0 * 4096 * 1024 / (2 * 128 * 128 * 700e6);
  EXPECT_NEAR(json.at("bounds").at("matrix").at("time_s").get<double>(), ideal, 0.01 * ideal);
  const Json& memory = json.at("bounds").at("memory");
  // A refresh of 260 ns takes 178 clocks of 2 / 1.3671875 ns.
  const double refresh = 178 * 2 / 1.3671875;
  EXPECT_NEAR(memory.at("time_s").get<double>() - memory.at("turning_s").get<double>(),
              memory.at("traffic_bytes").get<double>() / (700e9 * (1 - refresh / 3900)), 1e-9);
}

TEST_F(Cli, TheTotalOfAnOperatorIsTheSumOfItsTerms) {
  const std::string what = "estimate --design tpu_v2 --workload bert_large --op ";
  for (const char* op : {"layer0.ffn1.forward", "layer0.attention_norm.forward"}) {
    const Outcome r = run(what + op);
    ASSERT_EQ(r.status, 0) << r.err;
    const std::size_t at = r.out.find("\ntotal ");
    ASSERT_NE(at, std::string::npos);
    const std::string line = r.out.substr(at + 1, r.out.find('\n', at + 1) - at - 1);
    std::vector<double> numbers;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      if (word[0] >= '0' && word[0] <= '9') numbers.push_back(std::stod(word));
    }
    ASSERT_GE(numbers.size(), 4U) << line;
    EXPECT_NEAR(numbers[0], std::accumulate(numbers.begin() + 1, numbers.end(), 0.0), 0.13) << line;
    // The middle term is a row of the table.
    EXPECT_NE(r.out.find(fmt::format(" {:.1f} ", numbers[numbers.size() == 4 ? 2 : 3])),
              std::string::npos)
        << r.out;
  }
}

TEST_F(Cli, SearchWritesItsFilesAndTheBestDesignCanBeUsed) {
  const std::string out = file("result");
  const Outcome r = run("search " + small_search() + " -j 2 -o " + out);
  ASSERT_EQ(r.status, 0) << r.err;
  for (const char* name :
       {"results.json", "best.yaml", "operators.csv", "search_log.jsonl", "trace.pftrace"}) {
    EXPECT_GT(fs::file_size(fs::path(out) / name), 100U) << name;
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(out), fs::directory_iterator{}), 5);
  EXPECT_NE(r.out.find("speed-up"), std::string::npos);
  EXPECT_NE(r.out.find("= 100 %"), std::string::npos);
  EXPECT_EQ(r.out.find('\r'), std::string::npos);  // a pipe gets plain lines

  const Json json = Json::parse(read(out + "/results.json"));
  EXPECT_EQ(json.at("schema_version"), 1);
  EXPECT_FALSE(json.at("inputs").is_null());
  double last = 1e300;
  for (const Json& candidate : json.at("candidates")) {
    EXPECT_EQ(candidate.at("status"), "simulated");
    const double throughput =
        candidate.at("simulation").at("throughput_samples_per_s").get<double>();
    EXPECT_LE(throughput, last);
    last = throughput;
  }
  EXPECT_EQ(json.at("baselines").at(0).at("name"), "tpu_v2");
  for (const char* key : {"mean_abs_gap", "max_abs_gap", "kendall_tau", "top1_regret"}) {
    EXPECT_TRUE(json.at("fidelity").at(key).is_number());
  }

  double gap = 0;
  for (const auto& [cause, share] : json.at("gap_of_best").items()) gap += share.get<double>();
  EXPECT_TRUE(json.at("gap_of_best").contains("dependency stalls"));
  const Json& simulated_best = json.at("candidates").at(0).at("simulation");
  EXPECT_NEAR(gap, -simulated_best.at("gap").get<double>(), 1e-9);

  EXPECT_EQ(read(out + "/best.yaml").find("99999"), std::string::npos);

  // best.yaml stands for the first candidate, number for number.
  const std::string best = " --design " + out +
                           "/best.yaml --workload bert_large --set "
                           "workload.layers=1 --set workload.batch=4 --json";
  const Outcome estimated = run("estimate" + best);
  const Outcome simulated = run("simulate" + best);
  ASSERT_EQ(estimated.status, 0) << estimated.err;
  ASSERT_EQ(simulated.status, 0) << simulated.err;
  const Json& first = json.at("candidates").at(0);
  EXPECT_EQ(Json::parse(estimated.out).at("time_s"), first.at("estimate").at("time_s"));
  EXPECT_EQ(Json::parse(simulated.out).at("time_s"), first.at("simulation").at("time_s"));
}

TEST_F(Cli, ResultsDoNotDependOnWorkersOrOrder) {
  const std::string search = "search " + small_search() + " -o ";
  ASSERT_EQ(run(search + file("a") + " -j 1").status, 0);
  ASSERT_EQ(run(search + file("b") + " -j 2").status, 0);
  ASSERT_EQ(run(search + file("c") + " -j 2 --seed 5").status, 0);
  const std::string results = read(file("a") + "/results.json");
  EXPECT_EQ(read(file("b") + "/results.json"), results);
  EXPECT_EQ(read(file("c") + "/results.json"), results);
  EXPECT_EQ(read(file("b") + "/trace.pftrace"), read(file("a") + "/trace.pftrace"));
}

TEST_F(Cli, APlanCanBeWrittenAndExecuted) {
  const std::string what = " --design tpu_v2 --workload resnet50 --set workload.batch=2 --json";
  ASSERT_EQ(run("estimate" + what + " --write-plan " + file("plan.json")).status, 0);
  const Outcome own = run("simulate" + what);
  const Outcome given = run("simulate" + what + " --plan " + file("plan.json"));
  ASSERT_EQ(given.status, 0) << given.err;
  EXPECT_EQ(given.out, own.out);
  const Json simulated = Json::parse(given.out);
  EXPECT_GT(simulated.at("peak_buffer_bytes"), 0);
  EXPECT_LE(simulated.at("peak_buffer_bytes"), simulated.at("chip").at("buffer_bytes"));
  expect_refused("simulate --design tpu_v2 --workload bert_large --plan " + file("plan.json"),
                 "is not a plan for this design and workload");
  expect_refused("simulate --design tpu_v2 --workload bert_large --plan " + write("p", "{"),
                 "is not a plan");
  const std::string small = " --set design.global_buffer.capacity=2MiB --plan ";
  expect_refused("simulate" + what + small + file("plan.json"),
                 "leaves the global buffer of 2097152 bytes");
}

TEST_F(Cli, ExplicitOperatorListsAreWorkloads) {
  const std::string workload =
      write("mlp.yaml",
            "schema: 1\n"
            "name: mlp\n"
            "parameters: {batch: 16, width: 512}\n"
            "inputs: {x: {shape: [batch, width]}}\n"
            "operators:\n"
            "  - {name: up, kind: linear, inputs: x, features: 4 * width}\n"
            "  - {name: act, kind: relu}\n"
            "  - {name: down, kind: linear, features: width}\n");
  const Outcome r = run("workload " + workload + " --training --json");
  ASSERT_EQ(r.status, 0) << r.err;
  const Json json = Json::parse(r.out);
  EXPECT_EQ(json.at("parameters"), 512 * 2048 + 2048 + 2048 * 512 + 512);
  EXPECT_EQ(json.at("forward_macs"), 2 * 16 * 512 * 2048);
  EXPECT_EQ(json.at("training_macs"), 5 * 16 * 512 * 2048);
  EXPECT_EQ(run("simulate --design nvdla_like --workload " + workload).status, 0);
}

TEST_F(Cli, BlocksDescribeTheirParameters) {
  // A chip's parts sum to its die, in the table and for scripts.
  const Json chip = Json::parse(run("blocks --design tpu_v3 --json").out);
  double area = 0;
  for (const auto& [name, block] : chip["blocks"].items()) {
    for (const auto& [part, mm2] : block["area_parts_mm2"].items()) area += mm2.get<double>();
  }
  EXPECT_NEAR(area, chip["area_mm2"].get<double>(), 1e-6);
  const Outcome view = run("blocks --design tpu_v3 --set memory.stacks=5");
  EXPECT_EQ(view.status, 0) << view.err;
  EXPECT_NE(view.out.find("unexplained"), std::string::npos) << view.out;
  const Outcome all = run("blocks");
  for (const char* name : {"systolic", "simd", "banked_sram", "crossbar", "hbm", "sequencer"}) {
    EXPECT_NE(all.out.find(name), std::string::npos);
  }
  const Outcome one = run("blocks hbm");
  EXPECT_NE(one.out.find("t_rfc"), std::string::npos);
  EXPECT_NE(one.out.find("260 ns"), std::string::npos);
  const Json json = Json::parse(run("blocks --json").out);
  EXPECT_GE(json.size(), 9U);
}

}  // namespace
