// simdse compare: its files, its determinism, its messages, and Ctrl-C.
#include <nlohmann/json.hpp>

#include "cli/program.h"

namespace simdse {
namespace {

using Json = nlohmann::json;

class CompareCli : public Program {
 protected:
  /// A search that takes milliseconds per design, with `axes` beside the cores'.
  std::string search_file(const std::string& axes) const {
    write("mlp.yaml",
          "schema: 1\n"
          "name: mlp\n"
          "parameters: {batch: 384, width: 1024}\n"
          "inputs: {x: {shape: [batch, width]}}\n"
          "operators:\n"
          "  - {name: up, kind: linear, inputs: x, features: 3 * width}\n"
          "  - {name: act, kind: relu}\n"
          "  - {name: down, kind: linear, features: width}\n");
    return write("search.yaml",
                 "schema: 1\n"
                 "workload: mlp.yaml\n"
                 "base: tpu_v2\n"
                 "budget: {like: tpu_v2}\n"
                 "space:\n"
                 "  cores.0.rows: [32, 64, 128, 256]\n"
                 "  cores.0.columns: [32, 64, 128, 256]\n"
                 "  cores.0.count: [1, 2, 3, 4]\n" +
                     axes);
  }
  std::string small() const { return search_file("  memory.stacks: [3, 4]\n"); }

  /// Lines of a CSV, without the column of what was measured.
  static std::vector<std::string> lines_without_seconds(const std::string& csv) {
    std::vector<std::string> lines;
    std::stringstream stream(csv);
    for (std::string line; std::getline(stream, line);) {
      std::stringstream cells(line);
      std::string kept;
      int column = 0;
      for (std::string cell; std::getline(cells, cell, ',');) {
        if (column++ != 4) kept += cell + ',';
      }
      lines.push_back(kept);
    }
    return lines;
  }
};

TEST_F(CompareCli, ComparesMethodsAndDesignsAndWritesCurves) {
  const Outcome r = run("compare " + small() +
                        " --with random,bayes,tpu_v2,tpu_v3 --seeds 2 --evaluations 40 --json -o " +
                        file("out_dir"));
  ASSERT_EQ(r.status, 0) << r.err;
  const Json json = Json::parse(r.out);
  EXPECT_EQ(json, Json::parse(read(file("out_dir/compare.json"))));
  EXPECT_EQ(json.at("status"), "complete");
  EXPECT_EQ(json.at("limits").at("evaluations"), 40);
  ASSERT_EQ(json.at("methods").size(), 5U);
  EXPECT_EQ(json.at("methods")[0].at("method"), "heuristic");
  ASSERT_EQ(json.at("runs").size(), 1U + 2 + 2 + 1 + 1);
  double best = 0;
  for (const Json& of_one : json.at("runs")) {
    const std::string method = of_one.at("method");
    if (method == "random" || method == "bayes") {
      EXPECT_EQ(of_one.at("evaluations"), 40);
      EXPECT_EQ(of_one.at("ending"), "limit");
    }
    EXPECT_EQ(of_one.at("in_budget"), method != "tpu_v3");
    if (of_one.at("in_budget")) best = std::max<double>(best, of_one.at("best").at("worth"));
  }
  EXPECT_EQ(json.at("best_known_worth"), best);
  // What the best design is said to achieve, it achieves.
  const Json& found = json.at("runs")[1].at("best");
  const std::string design = write("found.yaml", found.at("design").get<std::string>());
  const Outcome alone =
      run("estimate --json --design " + design + " --workload " + file("mlp.yaml"));
  ASSERT_EQ(alone.status, 0) << alone.err;
  EXPECT_NEAR(Json::parse(alone.out).at("throughput_samples_per_s").get<double>(),
              found.at("throughput_samples_per_s").get<double>(), 1e-6 * best);
  // A run's curve rises, costs more and more, and ends at its best.
  std::stringstream csv(read(file("out_dir/convergence.csv")));
  std::string line;
  std::getline(csv, line);
  EXPECT_EQ(line, "method,seed,evaluations,cost_calls,cpu_s,throughput,throughput_per_tdp,worth");
  std::string before;
  double evaluations = 0;
  double throughput = 0;
  std::size_t lines = 0;
  for (; std::getline(csv, line); ++lines) {
    std::stringstream cells(line);
    std::vector<std::string> cell(8);
    for (std::string& text : cell) std::getline(cells, text, ',');
    const std::string name = cell[0] + cell[1];
    if (name == before) {
      EXPECT_GT(std::stod(cell[2]), evaluations) << line;
      EXPECT_GT(std::stod(cell[5]), throughput) << line;
    }
    before = name;
    evaluations = std::stod(cell[2]);
    throughput = std::stod(cell[5]);
  }
  std::size_t improvements = 0;
  for (const Json& of_one : json.at("runs")) {
    improvements += of_one.at("improvements").get<std::size_t>();
  }
  EXPECT_EQ(lines, improvements);
}

TEST_F(CompareCli, EnergyHasItsColumn) {
  const std::string compare = "compare " + small() +
                              " --with random --seeds 1 --evaluations 20 --set objectives=[energy]"
                              " --set throughput_floor=1 -o " +
                              file("out_dir");
  const Outcome r = run(compare);
  ASSERT_EQ(r.status, 0) << r.err;
  EXPECT_NE(r.out.find("J/sample"), std::string::npos) << r.out;
  const Json json = Json::parse(read(file("out_dir/compare.json")));
  const Json& random = json.at("runs")[1].at("best");
  EXPECT_EQ(json.at("methods")[1].at("median_worth"), random.at("worth"));
  EXPECT_NE(r.out.find(fmt::format("{:.4g}", 1 / random.at("worth").get<double>())),
            std::string::npos);
}

TEST_F(CompareCli, EqualInputsGiveEqualBytesButForMeasuredSeconds) {
  const std::string compare = "compare " + small() + " --with all --seeds 2 --budget-factor 0.5 ";
  ASSERT_EQ(run(compare + "-j 1 -o " + file("one")).status, 0);
  ASSERT_EQ(run(compare + "-j 3 -o " + file("three")).status, 0);
  Json one = Json::parse(read(file("one/compare.json")));
  Json three = Json::parse(read(file("three/compare.json")));
  EXPECT_EQ(one.erase("cpu_seconds"), 1U);
  EXPECT_EQ(three.erase("cpu_seconds"), 1U);
  EXPECT_EQ(one.dump(), three.dump());
  EXPECT_EQ(lines_without_seconds(read(file("one/convergence.csv"))),
            lines_without_seconds(read(file("three/convergence.csv"))));
}

TEST_F(CompareCli, BadRequestsAreRefused) {
  const std::string compare = "compare " + small() + " -o " + file("out_dir");
  expect_refused(compare, "'with' is missing");
  expect_refused(compare + " --with randm", "did you mean 'random'?");
  expect_refused(compare + " --with genetic,tpu_v22", "did you mean 'tpu_v2'?");
  expect_refused(compare + " --with ''", "there is no rival and no design ''");
  expect_refused(compare + " --with random,random", "'random' is named twice");
  expect_refused(compare + " --with all,bayes", "'bayes' is named twice");
  expect_refused(compare + " --with nowhere/design.yaml", "nowhere/design.yaml");
  expect_refused(compare + " --with a100_like", "is of technology 7nm");
  expect_refused(compare + " --with random --seeds 0", "--seeds: 0 must lie between 1 and 1000");
  expect_refused(compare + " --with random --evaluations 0", "must lie between 1 and");
  expect_refused(compare + " --with random --budget-factor -1", "must lie between");
  expect_refused(compare + " --with random --cost-calls 0", "must lie between");
  expect_refused(compare + " --with random --evaluations 5 --budget-factor 2",
                 "exclude each other");
}

TEST_F(CompareCli, ASpaceWithoutADesignIsANegativeResult) {
  const Outcome r = run("compare " + small() + " --with random --set 'budget={area: 10 mm2, " +
                        "power: 1 W}' --set baselines=[] -o " + file("out_dir"));
  EXPECT_EQ(r.status, 1) << r.err;
  EXPECT_NE(r.err.find("no design meets the budget"), std::string::npos) << r.err;
  EXPECT_FALSE(std::filesystem::exists(file("out_dir/compare.json")));
}

TEST_F(CompareCli, TheSearchIsByTheMethodOfItsFile) {
  const std::string compare = "compare " + small() + " --with random --seeds 1 --json -o " +
                              file("out_dir") + " --evaluations 20 --set method=";
  const Outcome exact = run(compare + "exact");
  ASSERT_EQ(exact.status, 0) << exact.err;
  const Json proven = Json::parse(exact.out);
  EXPECT_EQ(proven.at("methods")[0].at("method"), "exact");
  const Outcome all = run(compare + "exhaustive");
  ASSERT_EQ(all.status, 0) << all.err;
  const Json enumerated = Json::parse(all.out);
  EXPECT_EQ(enumerated.at("methods")[0].at("method"), "exhaustive");
  EXPECT_EQ(enumerated.at("best_known_worth"), proven.at("best_known_worth"));
  // What a method can't do is the input's fault.
  expect_refused(
      "compare configs/searches/bert_large.yaml --with random --set method=exhaustive -o " +
          file("out_dir"),
      "exhaustive");
}

TEST_F(CompareCli, CostCallsLimitRunsAsWell) {
  const Outcome r =
      run("compare " + small() +
          " --with random --seeds 1 --evaluations 100000 --cost-calls 50000 --json -o " +
          file("out_dir"));
  ASSERT_EQ(r.status, 0) << r.err;
  const Json json = Json::parse(r.out);
  const Json random = json.at("runs")[1];
  EXPECT_EQ(random.at("ending"), "limit");
  EXPECT_GE(random.at("cost_calls"), 50000);
  EXPECT_LT(random.at("evaluations"), 100);
}

TEST_F(CompareCli, AnInterruptLeavesWhatWasFound) {
  // A space that no rival gets through in the time.
  const std::string search = search_file(
      "  cores.1.count: {min: 1, max: 64}\n  global_buffer.capacity: default\n"
      "  cores.1.lanes: default\n  memory.stacks: [3, 4]\n");
  // The header is printed once the inputs have proved sound; then the work begins.
  const Outcome r = run_and_interrupt({"compare", search, "--with", "random,annealing",
                                       "--evaluations", "100000000", "-o", file("out_dir")},
                                      "budget", std::chrono::seconds(3));
  EXPECT_EQ(r.status, 130) << r.err;
  const Json json = Json::parse(read(file("out_dir/compare.json")));
  EXPECT_EQ(json.at("status"), "partial");
  EXPECT_FALSE(json.at("runs")[0].at("best").is_null());
  EXPECT_GT(json.at("best_known_worth"), 0);
  EXPECT_NE(r.out.find("interrupted"), std::string::npos);
  for (const auto& entry : std::filesystem::directory_iterator(file("out_dir"))) {
    EXPECT_NE(entry.path().extension(), ".partial") << entry.path();
  }
}

TEST_F(CompareCli, AnInterruptedSearchLeavesItsBestSoFar) {
  // GPT-2 XL takes seconds: the interrupt comes while it searches or simulates.
  const Outcome r = run_and_interrupt(
      {"search", "configs/searches/gpt2_xl.yaml", "-j", "1", "-o", file("out_dir")}, "budget",
      std::chrono::milliseconds(1500));
  EXPECT_EQ(r.status, 130) << r.err;
  const Json json = Json::parse(read(file("out_dir/results.json")));
  EXPECT_EQ(json.at("status"), "partial");
  ASSERT_FALSE(json.at("candidates").empty());
  const Json& best = json.at("candidates")[0];
  EXPECT_GT(best.at("estimate").at("throughput_samples_per_s").get<double>(), 0);
  EXPECT_NE(r.out.find("partial"), std::string::npos);
  EXPECT_EQ(run("blocks --design " + file("out_dir/best.yaml")).status, 0);
  EXPECT_FALSE(std::filesystem::exists(file("out_dir/trace.pftrace")));
}

}  // namespace
}  // namespace simdse
