// Blocks of plug-ins, used by name in every command, and what becomes of plug-ins that misbehave.
// The program is the installed one; `prepare` has built the plug-ins against its package.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/program.h"

namespace {

using Json = nlohmann::json;
using simdse::Outcome;

const std::string kScratch = SIMDSE_PLUGINS;
const std::string kExample = kScratch + "/example/build/libsparse_tensor_core.so";

std::string plugin(const std::string& name) {
  return kScratch + "/blocks/build/lib" + name + ".so";
}

class Plugin : public simdse::Program {
 protected:
  /// The installed program. What hangs is given up after `hang_limit` seconds.
  Outcome run_installed(const std::string& arguments, int hang_limit = 60) const {
    const std::string command =
        fmt::format("cd {} && SIMDSE_HANG_LIMIT={} {}/prefix/bin/simdse {} >{} 2>{}",
                    folder_.string(), hang_limit, kScratch, arguments, file("out"), file("err"));
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(file("out")), read(file("err"))};
  }

  Json json_of(const std::string& arguments) const {
    const Outcome r = run_installed(arguments + " --json");
    EXPECT_EQ(r.status, 0) << arguments << "\n" << r.err;
    return r.status == 0 ? Json::parse(r.out) : Json();
  }

  /// Refused with status 2; the last line of stderr, after what a dying plug-in may have printed,
  /// holds every one of `texts`.
  void expect_failure(const std::string& arguments, const std::vector<std::string>& texts,
                      int hang_limit = 60) const {
    const Outcome r = run_installed(arguments, hang_limit);
    EXPECT_EQ(r.status, 2) << arguments << "\n" << r.err;
    EXPECT_EQ(r.out, "") << arguments;
    const std::string last = r.err.substr(r.err.rfind('\n', r.err.size() - 2) + 1);
    EXPECT_EQ(last.rfind("simdse: ", 0), 0U) << arguments << "\n" << r.err;
    for (const std::string& text : texts) {
      EXPECT_NE(last.find(text), std::string::npos) << arguments << "\n" << r.err;
    }
  }

  /// A small chip with these lines for tensor cores, memory and dispatcher.
  std::string design(const std::string& plugins, const std::string& tensor_core,
                     const std::string& memory = "type: ideal",
                     const std::string& dispatcher = "type: sequencer") const {
    return write("design.yaml",
                 fmt::format("schema: 1\n"
                             "technology: 16nm\n"
                             "clock: 1 GHz\n"
                             "plugins: [{}]\n"
                             "cores:\n"
                             "  - {{kind: tensor_core, {}}}\n"
                             "  - {{kind: vector_core, type: simd}}\n"
                             "global_buffer: {{type: banked_sram, capacity: 8 MiB}}\n"
                             "noc: {{type: ideal}}\n"
                             "memory: {{{}}}\n"
                             "dispatcher: {{{}}}\n",
                             plugins, tensor_core, memory, dispatcher));
  }

  std::string on_small_workload(const std::string& command) const {
    write("small.yaml", "schema: 1\nmodel: bert_large\nlayers: 1\nbatch: 1\nsequence: 64\n");
    return command + " --design design.yaml --workload ./small.yaml";
  }

  /// A search over `space`, from the design in design.yaml.
  std::string search(const std::string& space, const std::string& baselines = "[]") const {
    write("search.yaml", fmt::format("schema: 1\n"
                                     "workload: {{model: bert_large, layers: 1, batch: 1, "
                                     "sequence: 64}}\n"
                                     "base: design.yaml\n"
                                     "baselines: {}\n"
                                     "budget: {{area: 400 mm2, power: 400 W}}\n"
                                     "objectives: [throughput]\n"
                                     "top_k: 1\n"
                                     "space:\n{}",
                                     baselines, space));
    return "search search.yaml -o results";
  }
};

const std::string kDenseCore =
    "type: systolic, rows: 128, columns: 128, dataflow: "
    "weight_stationary";
const std::string kSparseCore = "type: sparse_systolic, rows: 128, columns: 128";

// --- the example --------------------------------------------------------------------------------

TEST_F(Plugin, BlocksListsParametersOfAPlugin) {
  const Json by_file = json_of("blocks sparse_systolic --plugin " + kExample);
  ASSERT_EQ(by_file.size(), 1U);
  EXPECT_EQ(by_file[0]["kind"], "tensor_core");
  EXPECT_EQ(by_file[0]["plugin"], kExample);
  EXPECT_EQ(by_file[0]["schema"]["properties"]["rows"]["default"], "128");
  design(kExample, kSparseCore);
  EXPECT_EQ(json_of("blocks sparse_systolic --design design.yaml"), by_file);
  EXPECT_EQ(run_installed("blocks sparse_systolic").status, 2);
}

TEST_F(Plugin, ParametersOfAPluginAreReadStrictly) {
  design(kExample, kSparseCore + ", colums: 4");
  expect_failure(on_small_workload("estimate"),
                 {"design.yaml:6:", "unknown key 'cores.0.colums' (did you mean 'columns'?)"});
  design(kExample, "type: sparse_systolic, rows: 96");
  expect_failure(on_small_workload("estimate"), {"design.yaml:6:", "cores.0.rows: 96"});
}

TEST_F(Plugin, TheExampleTakesHalfTheTimeOfADenseArrayAndPaysForItsMultiplexers) {
  design("", kDenseCore);
  const Json dense = json_of(on_small_workload("estimate"));
  design(kExample, kSparseCore);
  const Json sparse = json_of(on_small_workload("estimate"));
  EXPECT_LT(sparse["time_s"], dense["time_s"]);
  EXPECT_GE(sparse["time_s"].get<double>(), dense["time_s"].get<double>() / 2);
  const auto area = [](const Json& estimate, const char* part) {
    return estimate["chip"]["blocks"]["tensor cores"]["area_parts_mm2"][part].get<double>();
  };
  EXPECT_NEAR(area(sparse, "selection") / area(dense, "PE array"), 36.0 / 1040, 1e-9);
  EXPECT_EQ(area(sparse, "PE array"), area(dense, "PE array"));
}

TEST_F(Plugin, TheExampleIsSimulatedAsItIsEstimated) {
  design(kExample, kSparseCore);
  const Json simulation = json_of(on_small_workload("simulate"));
  // Memory and network are ideal: what is left are the cores, which both views take from timing().
  EXPECT_NEAR(simulation["gap"].get<double>(), 0, 0.05);
}

TEST_F(Plugin, ASearchWalksTheDefaultRangesOfAPluginAndIsTheSameForAnyNumberOfWorkers) {
  design(kExample, kSparseCore);
  const std::string command = search(
      "  cores.0.rows: default\n"
      "  cores.0.columns: [64, 128]\n"
      "  cores.0.count: [1, 2]\n");
  ASSERT_EQ(run_installed(command + " -j 1").status, 0) << read(file("err"));
  const std::string one = read(file("results/results.json"));
  const std::string log = read(file("results/search_log.jsonl"));
  ASSERT_EQ(run_installed(command + " -j 2").status, 0);
  EXPECT_EQ(read(file("results/results.json")), one);
  EXPECT_EQ(read(file("results/search_log.jsonl")), log);
  const Json results = Json::parse(one);
  EXPECT_EQ(results["inputs"]["space"]["cores.0.rows"].size(), 6U);
  EXPECT_TRUE(results["inputs"]["plugins"].contains(kExample));
  EXPECT_EQ(results["candidates"][0]["status"], "simulated");
  EXPECT_EQ(results["failed"].size(), 0U);
  // The best design is a file that stands for itself, wherever it is read.
  on_small_workload("");
  const Json again = json_of("simulate --design results/best.yaml --workload ./small.yaml");
  EXPECT_GT(again["time_s"].get<double>(), 0);
}

TEST_F(Plugin, APluginOnlyListedChangesNothing) {
  design("", kDenseCore);
  const Json without = json_of(on_small_workload("estimate"));
  design(kExample, kDenseCore);
  EXPECT_EQ(json_of(on_small_workload("estimate")), without);
}

TEST_F(Plugin, APathIsRelativeToTheFileThatSaysSo) {
  std::filesystem::create_directories(file("below/deep"));
  std::filesystem::copy(plugin("slow_start"), file("below/lib.so"));
  design("lib.so", kDenseCore, "type: ideal", "type: slow_start");
  std::filesystem::rename(file("design.yaml"), file("below/base.yaml"));
  write("below/deep/design.yaml", "schema: 1\nextends: ../base.yaml\n");
  on_small_workload("");
  EXPECT_EQ(
      run_installed("estimate --design below/deep/design.yaml --workload ./small.yaml").status, 0)
      << read(file("err"));
}

TEST_F(Plugin, AMemoryOfAPluginBringsItsOwnBehaviour) {
  const auto bandwidth_of = [&](const std::string& bandwidth) {
    design(plugin("faulty_memory"), kDenseCore,
           fmt::format("type: faulty, bandwidth: {}", bandwidth));
    return json_of(on_small_workload("simulate"))["time_s"].get<double>();
  };
  const double slow = bandwidth_of("1 GB/s");
  // Hardly anything but memory takes time then.
  EXPECT_NEAR(bandwidth_of("2 GB/s") / slow, 0.5, 0.02);
}

TEST_F(Plugin, AProbeJudgesAMemoryOfAPlugin) {
  design(plugin("faulty_memory"), kDenseCore, "type: faulty, bandwidth: 100 GB/s");
  const std::string probe = "probe memory --design design.yaml --pattern sequential --block 4KiB";
  const Json figures = json_of(probe);
  EXPECT_NEAR(figures["simulated_bandwidth_bytes_per_s"].get<double>(), 100e9, 5e9);
  EXPECT_NEAR(figures["simulated_idle_latency_s"].get<double>(), 100e-9 + 64 / 100e9, 2e-9);
  design(plugin("faulty_memory"), kDenseCore, "type: faulty, fault: crash");
  expect_failure(probe, {plugin("faulty_memory"), "crashed: Segmentation fault"});
}

TEST_F(Plugin, ADispatcherOfAPluginIsObeyed) {
  const auto time_of = [&](const char* command, int launch) {
    design(plugin("slow_start"), kDenseCore, "type: ideal",
           fmt::format("type: slow_start, launch: {}", launch));
    return json_of(on_small_workload(command))["time_s"].get<double>();
  };
  for (const char* command : {"estimate", "simulate"}) {
    const double fast = time_of(command, 0);
    const double slow = time_of(command, 1000000);
    const double slower = time_of(command, 2000000);
    EXPECT_GT(slow, 10 * fast);
    EXPECT_NEAR((slower - slow) / slow, 1, 0.05) << command;
  }
}

// The remaining kinds: what one parameter takes is felt alike in estimate and simulation, area and
// power are the block's, and probes judge it.
TEST_F(Plugin, NetworkBufferAndVectorCoreOfAPluginAreUsedEverywhere) {
  const std::string text = fmt::format(
      "schema: 1\n"
      "technology: 16nm\n"
      "clock: 1 GHz\n"
      "plugins: [{}]\n"
      "cores:\n"
      "  - {{{{kind: tensor_core, type: systolic, rows: 128, columns: 128}}}}\n"
      "  - {{{{kind: vector_core, type: plain, stretch: {{}}}}}}\n"
      "global_buffer: {{{{type: plain, width: {{}} B/cycle}}}}\n"
      "noc: {{{{type: plain, width: {{}} B/cycle}}}}\n"
      "memory: {{{{type: ideal}}}}\n"
      "dispatcher: {{{{type: sequencer}}}}\n",
      plugin("plain_blocks"));
  const auto write_design = [&](int stretch, int buffer_width, int noc_width) {
    write("design.yaml", fmt::format(fmt::runtime(text), stretch, buffer_width, noc_width));
  };
  const auto time_of = [&](const char* command) {
    return json_of(on_small_workload(command))["time_s"].get<double>();
  };
  write_design(1, 1024, 1024);
  const double fast_estimate = time_of("estimate");
  const double fast = time_of("simulate");
  EXPECT_NEAR(fast_estimate / fast, 1, 0.1);
  // Each so slow that hardly anything else takes time.
  const int slow[][3] = {{500, 1024, 1024}, {1, 1, 1024}, {1, 1024, 1}};
  for (const auto& [stretch, buffer_width, noc_width] : slow) {
    write_design(stretch, buffer_width, noc_width);
    const double simulated = time_of("simulate");
    EXPECT_GT(simulated, 5 * fast) << stretch << " " << buffer_width << " " << noc_width;
    EXPECT_NEAR(time_of("estimate") / simulated, 1, 0.1)
        << stretch << " " << buffer_width << " " << noc_width;
  }

  // A search asks designs what they cost and how fast their parts are, before any child does.
  write_design(1, 1024, 1024);
  const Outcome found = run_installed(search("  cores.0.rows: [64, 128]\n") + " --json");
  ASSERT_EQ(found.status, 0) << found.err;
  EXPECT_EQ(Json::parse(found.out)["candidates"][0]["status"], "simulated");

  write_design(3, 1024, 64);
  const Json blocks = json_of("blocks --design design.yaml")["blocks"];
  EXPECT_EQ(blocks["network"]["area_parts_mm2"], Json({{"wires", 1.0}}));
  EXPECT_EQ(blocks["global buffer"]["area_parts_mm2"], Json({{"bank", 2.0}}));
  const std::string probe =
      "probe core --design design.yaml --vector add --shape 64x1024 "
      "--shape 64x1024";
  const Json slow_core = json_of(probe);
  EXPECT_EQ(slow_core["simulated_cycles"], slow_core["formula_cycles"]);
  write_design(1, 1024, 64);
  // 64 registers of 1,024 elements, three cycles each instead of one.
  EXPECT_EQ(slow_core["simulated_cycles"].get<double>() -
                json_of(probe)["simulated_cycles"].get<double>(),
            2 * 64);
  // A packet of one flit takes a cycle at its ports and 20 on its way, and hardly ever waits.
  const Json noc =
      json_of("probe noc --design design.yaml --traffic uniform --rate 0.01 --packet 1");
  EXPECT_NEAR(noc["simulated_mean_latency_cycles"].get<double>(), 21, 0.5);
  EXPECT_NEAR(noc["formula_mean_latency_cycles"].get<double>(), 21, 0.5);
}

// --- what is no plug-in -------------------------------------------------------------------------

TEST_F(Plugin, WhatIsNoPluginIsRefusedWhereItIsNamed) {
  const auto expect = [&](const std::string& plugins, const std::vector<std::string>& texts) {
    design(plugins, kDenseCore);
    std::vector<std::string> all = texts;
    all.emplace_back("design.yaml:4:");
    expect_failure(on_small_workload("estimate"), all);
    expect_failure(search("  cores.0.count: [1, 2]\n"), all);
  };
  expect("no.so", {"no.so: no such file"});
  expect(".", {"can't be read"});
  write("text.so", "This is not a library.\n");
  expect("text.so", {"is not a shared library"});
  write("short.so",
        "\x7f"
        "ELF");
  expect("short.so", {"is not a shared library"});
  const std::string whole = read(plugin("slow_start"));
  write("cut.so", whole.substr(0, whole.size() / 2));
  expect("cut.so", {"it has no stamp"});
  expect(plugin("no_stamp"), {"it has no stamp", "simdse_add_plugin"});
  expect(plugin("no_block"), {"brings no block"});
  expect(plugin("name_of_built_in"),
         {"its dispatcher block 'sequencer' has the name of one that comes with simdse"});
  expect(plugin("unknown_kind"), {"there is no kind 'dispatchr'", "did you mean 'dispatcher'?"});
  expect(plugin("throws_at_load"), {"thrown while the library is loaded"});
  expect(plugin("slow_start") + ", " + plugin("slow_start_twin"),
         {"its dispatcher block 'slow_start' has the name of one that comes from",
          plugin("slow_start")});
  expect(kExample + ", " + kExample, {"is named twice"});
}

TEST_F(Plugin, AnotherStampIsRefusedBeforeAnyCodeRuns) {
  design(plugin("wrong_stamp"), kDenseCore);
  expect_failure(on_small_workload("estimate"),
                 {"design.yaml:4:", "was built for another simdse",
                  "'simdse 0.0.1, interface of long ago'", "this is 'simdse "});
  expect_failure("blocks --plugin " + plugin("wrong_stamp"), {"was built for another simdse"});
}

TEST_F(Plugin, ADesignMustNameThePluginOfItsBlocks) {
  design(kExample, kSparseCore);
  std::filesystem::rename(file("design.yaml"), file("other.yaml"));
  design("", kSparseCore);
  expect_failure(on_small_workload("estimate"),
                 {"there is no tensor_core block 'sparse_systolic'"});
  // Also when another design of the same search has loaded it.
  std::filesystem::rename(file("design.yaml"), file("without.yaml"));
  std::filesystem::rename(file("other.yaml"), file("design.yaml"));
  expect_failure(search("  cores.0.count: [1, 2]\n", "[without.yaml]"),
                 {"without.yaml:6:", "does not name under plugins"});
}

// --- plug-ins that misbehave --------------------------------------------------------------------

constexpr int kShort = 4;  // seconds; a child on a busy machine takes a tenth of one

TEST_F(Plugin, AnEstimateNamesThePluginThatFails) {
  const auto expect = [&](const std::string& fault, const std::string& text) {
    design(plugin("faulty_pe"), "type: faulty, " + fault);
    expect_failure(on_small_workload("estimate"), {plugin("faulty_pe"), text}, kShort);
  };
  for (const char* place : {"constructor", "label", "cost", "timing"}) {
    expect(fmt::format("fault: throw, place: {}", place), "thrown on purpose");
    expect(fmt::format("fault: crash, place: {}", place), "crashed: Segmentation fault");
  }
  expect("fault: corrupt, place: timing", "crashed: Aborted");
  expect("fault: leave, place: timing", "ended with status 0 and no answer");
  expect("fault: hang, place: timing", "hung: gave no answer within 4 s");
  expect("nonsense: rate", "its peak_macs_per_cycle is -3");
}

// Whoever asks: the estimate, the simulation, a probe.
TEST_F(Plugin, WhatACoreSaysOfTilesThatCantBeIsAFailure) {
  const auto expect_of_tensor_core = [&](const std::string& nonsense, const std::string& text) {
    design(plugin("faulty_pe"), "type: faulty, nonsense: " + nonsense);
    for (const std::string& command :
         {on_small_workload("estimate"), on_small_workload("simulate"),
          std::string("probe core --design design.yaml --gemm 256x256x256")}) {
      expect_failure(command, {plugin("faulty_pe"), "tensor_core block 'faulty'", text});
    }
  };
  expect_of_tensor_core("body", "is -1 cycles, which can't be");
  expect_of_tensor_core("overflow", "is 2305843009213693952 cycles, which can't be");
  expect_of_tensor_core("open", "later than the end of its body");
  expect_of_tensor_core("setup", "the setup of ");
  expect_of_tensor_core("no_tiles", "it gives no tiles of a ");
  expect_of_tensor_core("empty_tile", "it gives a tile of ");
  expect_of_tensor_core("places", "it holds 0 output blocks");

  design(plugin("plain_blocks"),
         kDenseCore + "}\n  - {kind: vector_core, type: plain, stretch: -1");
  for (const char* command : {"estimate", "simulate"}) {
    expect_failure(on_small_workload(command),
                   {plugin("plain_blocks"), "vector_core block 'plain'", "cycles, which can't be"});
  }
}

// What stdout has are results.
TEST_F(Plugin, WhatAPluginPrintsGoesToStderr) {
  for (const std::string& command :
       {on_small_workload("estimate"), on_small_workload("simulate"),
        std::string("probe core --design design.yaml --gemm 256x256x256"),
        std::string("probe memory --design design.yaml --pattern sequential --bytes 1MiB")}) {
    design(plugin("faulty_pe"), "type: faulty");
    Json silent = json_of(command);
    design(plugin("faulty_pe"), "type: faulty, talks: true");
    const Outcome r = run_installed(command + " --json");
    ASSERT_EQ(r.status, 0) << command << r.err;
    EXPECT_EQ(r.out.find("said"), std::string::npos) << command;
    EXPECT_EQ(Json::parse(r.out).size(), silent.size()) << command;
    if (command.find("memory") != std::string::npos) continue;
    EXPECT_NE(r.err.find("said by way of C\n"), std::string::npos) << command;
    EXPECT_NE(r.err.find("said by way of C++\n"), std::string::npos) << command;
  }
}

TEST_F(Plugin, ASimulationNamesThePluginThatFails) {
  const auto expect = [&](const std::string& fault, const std::string& text) {
    design(plugin("faulty_memory"), kDenseCore, "type: faulty, fault: " + fault);
    EXPECT_EQ(run_installed(on_small_workload("estimate")).status, 0);
    expect_failure(on_small_workload("simulate"), {plugin("faulty_memory"), text}, kShort);
  };
  expect("throw", "thrown on purpose");
  expect("crash", "crashed: Segmentation fault");
  expect("corrupt", "crashed: Aborted");
  expect("leave", "ended with status 0 and no answer");
  expect("hang", "hung: gave no answer within 4 s");
}

TEST_F(Plugin, WhatAConstructorRefusesIsBadInputAndNoFailure) {
  design(plugin("faulty_pe"), "type: faulty, rows: 16");
  expect_failure(on_small_workload("estimate"), {"16 rows are not made"});
}

TEST_F(Plugin, ASearchLosesTheCandidatesThatFailAndNamesThem) {
  for (const char* place : {"timing", "constructor"}) {
    design(plugin("faulty_pe"), fmt::format("type: faulty, rows: 64, place: {}", place));
    const std::string command = search(
        "  cores.0.rows: [16, 64]\n"
        "  cores.0.fault: [none, throw, crash, hang, corrupt, leave]\n");
    const Outcome r = run_installed(command + " -j 2", kShort);
    ASSERT_EQ(r.status, 0) << place << r.err;
    const std::string first = read(file("results/results.json"));
    const Json results = Json::parse(first);
    EXPECT_EQ(results["candidates"][0]["status"], "simulated");
    EXPECT_NE(results["candidates"][0]["design"].get<std::string>().find("fault: none"),
              std::string::npos);
    const std::string log = read(file("results/search_log.jsonl"));
    for (const char* reason : {"thrown on purpose", "crashed: Segmentation fault",
                               "hung: gave no answer within 4 s", "ended with status 0"}) {
      EXPECT_NE(r.out.find(reason), std::string::npos) << place << reason << "\n" << r.out;
      EXPECT_NE(log.find(reason), std::string::npos) << place << reason;
    }
    for (const Json& failed : results["failed"]) {
      EXPECT_NE(failed["reason"].get<std::string>().find(plugin("faulty_pe")), std::string::npos);
    }
    EXPECT_GE(results["failed"].size(), 5U);
    EXPECT_NE(log.find("\"verdict\":\"failed\""), std::string::npos);
    ASSERT_EQ(run_installed(command + " -j 1", kShort).status, 0);
    EXPECT_EQ(read(file("results/results.json")), first);
  }
}

TEST_F(Plugin, NoSearchIsWonByTimesThatCantBe) {
  design(plugin("faulty_pe"), "type: faulty, talks: true");
  const Outcome r = run_installed(search("  cores.0.rows: [32, 64]\n"
                                         "  cores.0.nonsense: [none, body, overflow, no_tiles]\n") +
                                  " --json");
  ASSERT_EQ(r.status, 0) << r.err;
  const Json results = Json::parse(r.out);
  EXPECT_EQ(results["candidates"][0]["status"], "simulated");
  EXPECT_NE(results["candidates"][0]["design"].get<std::string>().find("nonsense: none"),
            std::string::npos);
  EXPECT_GE(results["failed"].size(), 3U);
  for (const Json& failed : results["failed"]) {
    const std::string reason = failed["reason"];
    EXPECT_NE(reason.find(plugin("faulty_pe")), std::string::npos) << reason;
    EXPECT_NE(reason.find("tensor_core block 'faulty'"), std::string::npos) << reason;
  }
}

TEST_F(Plugin, ASearchGoesOnWhenSimulationsFail) {
  design(plugin("faulty_memory"), kDenseCore, "type: faulty");
  const Outcome r = run_installed(search("  cores.0.rows: [64, 128]\n"
                                         "  memory.fault: [crash, hang]\n") +
                                      " --json",
                                  kShort);
  ASSERT_EQ(r.status, 0) << r.err;
  const Json results = Json::parse(r.out);
  const std::string status = results["candidates"][0]["status"];
  EXPECT_EQ(status.rfind("failed: plug-in " + plugin("faulty_memory"), 0), 0U) << status;
}

TEST_F(Plugin, ASearchInWhichEveryCandidateFailsSaysWhy) {
  design(plugin("faulty_pe"), "type: faulty, fault: throw");
  const Outcome r = run_installed(search("  cores.0.rows: [32, 64]\n"), kShort);
  EXPECT_EQ(r.status, 1);
  EXPECT_NE(r.err.find("no design is left"), std::string::npos) << r.err;
  EXPECT_NE(r.err.find("thrown on purpose"), std::string::npos) << r.err;
}

TEST_F(Plugin, ABaselineThatFailsCostsTheComparison) {
  design(plugin("faulty_pe"), "type: faulty, fault: crash");
  std::filesystem::rename(file("design.yaml"), file("bad.yaml"));
  design(plugin("faulty_pe"), "type: faulty");
  const Outcome r =
      run_installed(search("  cores.0.rows: [32, 64]\n", "[bad.yaml]") + " --json", kShort);
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_NE(r.out.find("baseline 'bad' is left out: plug-in"), std::string::npos);
}

}  // namespace
