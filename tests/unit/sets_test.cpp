// One design for many workloads: the objective, the search against enumeration, and bad files.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>

#include "search/sets/common_search.h"

namespace simdse {
namespace {

namespace fs = std::filesystem;

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

TEST(SetWorth, IsTheWeightedGeometricMeanOrTheLeastShare) {
  EXPECT_NEAR(set_worth(SetObjective::geometric_mean, {0.5, 0.8}, {1, 1}), std::sqrt(0.4), 1e-12);
  EXPECT_NEAR(set_worth(SetObjective::geometric_mean, {0.5, 0.8}, {3, 1}),
              std::pow(0.125 * 0.8, 0.25), 1e-12);
  EXPECT_EQ(set_worth(SetObjective::worst_case_regret, {0.5, 0.8}, {3, 1}), 0.5);
  EXPECT_EQ(set_worth(SetObjective::geometric_mean, {0, 0.8}, {1, 1}), 0);
}

class Sets : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("simdse_sets_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    search("one", "{model: bert_large, layers: 1, batch: 4}");
    search("two", "{model: mobilenet_v3_large, batch: 2, optimizer: momentum}");
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    const std::string path = (folder_ / name).string();
    std::ofstream(path) << text;
    return path;
  }

  std::string search(const std::string& name, const std::string& workload,
                     const std::string& power = "190 W") const {
    return write(name + ".yaml",
                 "schema: 1\nworkload: " + workload +
                     "\nbase: tpu_v2\nbaselines: []\nobjectives: [throughput]\n"
                     "budget: {area: 620 mm2, power: " +
                     power +
                     "}\nspace:\n  cores.0.rows: [64, 128, 256]\n  cores.0.count: [1, 2, 4]\n"
                     "  cores.1.count: [1, 2, 4]\n  memory.stacks: [3, 4]\n");
  }

  SetSpec load(const std::string& text) const { return load_set(write("set.yaml", text), files()); }

  void expect_refused(const std::string& text, const std::string& message) const {
    try {
      load(text);
      ADD_FAILURE() << "not refused: " << text;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
    }
  }

  fs::path folder_;
};

/// A set's searches, ready.
struct Ready {
  explicit Ready(const SetSpec& set) : spec(set) {
    for (const SetMember& member : spec.members) {
      graphs.push_back(std::make_unique<Graph>(
          derive_training_step(member.search.workload.forward, member.search.workload.training)));
      tasks.push_back(std::make_unique<TaskGraph>(build_task_graph(*graphs.back())));
      evaluators.push_back(std::make_unique<Evaluator>(
          *tasks.back(), member.search.workload.batch(), member.search.technology));
      workloads.push_back({evaluators.back().get(), member.search.options, member.weight});
      weights.push_back(member.weight);
    }
  }

  const SearchSpace& space() const { return *spec.members.front().search.space; }
  CommonResult search() const { return search_common(space(), workloads, spec.objective); }

  const SetSpec& spec;
  std::vector<std::unique_ptr<Graph>> graphs;
  std::vector<std::unique_ptr<TaskGraph>> tasks;
  std::vector<std::unique_ptr<Evaluator>> evaluators;
  std::vector<SetWorkload> workloads;
  std::vector<double> weights;
};

/// The best of all designs of the space, for the set and for each workload.
struct Enumerated {
  double best = 0;
  std::vector<double> own;
};

Enumerated enumerate(const Ready& ready) {
  const SearchSpace& space = ready.space();
  std::vector<std::vector<double>> throughputs;
  Enumerated result;
  result.own.resize(ready.workloads.size());
  Point point(space.axes().size(), 0);
  do {
    const Chip chip = ready.evaluators.front()->chip(space.design(point));
    if (Evaluator::is_allowed(chip, ready.workloads.front().options.budget)) {
      throughputs.emplace_back();
      for (std::size_t i = 0; i < ready.evaluators.size(); ++i) {
        throughputs.back().push_back(ready.evaluators[i]->evaluate(chip).throughput);
        result.own[i] = std::max(result.own[i], throughputs.back().back());
      }
    }
  } while (space.advance(point));
  for (const std::vector<double>& design : throughputs) {
    std::vector<double> shares;
    for (std::size_t i = 0; i < design.size(); ++i) shares.push_back(design[i] / result.own[i]);
    result.best = std::max(result.best, set_worth(ready.spec.objective, shares, ready.weights));
  }
  return result;
}

TEST_F(Sets, CommonDesignIsAsGoodAsEnumeration) {
  for (const char* objective : {"geometric_mean", "worst_case_regret"}) {
    const SetSpec spec = load(std::string("schema: 1\nobjective: ") + objective +
                              "\nsearches: [one.yaml, {search: two.yaml, weight: 2}]\n");
    const Ready ready(spec);
    const CommonResult found = ready.search();
    const Enumerated all = enumerate(ready);
    EXPECT_NEAR(found.common->worth, all.best, 1e-3) << objective;
    for (std::size_t i = 0; i < found.own.size(); ++i) {
      EXPECT_NEAR(found.own[i]->evaluation.throughput, all.own[i], 1e-3 * all.own[i]);
      EXPECT_LE(found.common->shares[i], 1);
      EXPECT_DOUBLE_EQ(found.common->shares[i], found.common->evaluations[i].throughput /
                                                    found.own[i]->evaluation.throughput);
    }
  }
}

TEST_F(Sets, AnInterruptKeepsWhatWasFound) {
  const SetSpec spec = load("schema: 1\nsearches: [one.yaml, two.yaml]\n");
  int asked = 0;
  int limit = 0;
  Ready ready(spec);
  for (SetWorkload& workload : ready.workloads) {
    workload.options.is_interrupted = [&] { return ++asked > limit; };
  }
  EXPECT_THROW(ready.search(), NegativeResult);  // before anything was found
  asked = 0;
  limit = 2;
  const CommonResult early = ready.search();
  EXPECT_TRUE(early.is_partial);
  EXPECT_TRUE(early.own[0].has_value());
  EXPECT_FALSE(early.own[1].has_value());
  EXPECT_FALSE(early.common.has_value());
  // The later the interrupt, the more there is.
  bool has_common_early = false;
  for (limit = 3; limit < 10000; limit += limit / 2) {
    asked = 0;
    const CommonResult later = ready.search();
    if (!later.is_partial) break;
    has_common_early = has_common_early || later.common.has_value();
  }
  EXPECT_LT(limit, 10000);
  EXPECT_TRUE(has_common_early);
}

TEST_F(Sets, AnOverwhelmingWeightDecides) {
  const SetSpec spec = load(
      "schema: 1\nsearches: [{search: one.yaml, weight: 1e6}, {search: two.yaml, weight: 1e-6}]\n");
  const CommonResult found = Ready(spec).search();
  EXPECT_NEAR(found.common->shares[0], 1, 1e-3);
}

TEST_F(Sets, BadFilesAreRefused) {
  expect_refused("schema: 1\nsearches: []\n", "at least one is needed");
  expect_refused("schema: 1\nsearches: [one.yaml, one.yaml]\n", "'one' is there twice");
  expect_refused("schema: 1\nsearches: [one.yaml, three.yaml]\n", "three.yaml");
  expect_refused("schema: 1\nobjective: geometric\nsearches: [one.yaml]\n", "geometric_mean");
  expect_refused("schema: 1\nsearches: [{search: one.yaml, wieght: 2}]\n", "did you mean 'weight'");
  expect_refused("schema: 1\nsearches: [{search: one.yaml, weight: 0}]\n", "weight");
  expect_refused("schema: 1\nserches: [one.yaml]\n", "searches");
  search("thrifty", "{model: bert_large, layers: 1, batch: 4}", "150 W");
  expect_refused("schema: 1\nsearches: [one.yaml, thrifty.yaml]\n",
                 "'one' and 'thrifty' differ in budget");
}

TEST_F(Sets, OverridesReachTheSetOrEverySearch) {
  const std::string path = write("set.yaml", "schema: 1\nsearches: [one.yaml, two.yaml]\n");
  const SetSpec spec = load_set(
      path, files(), {{"objective", "worst_case_regret"}, {"searches.budget.power", "150 W"}});
  EXPECT_EQ(spec.objective, SetObjective::worst_case_regret);
  for (const SetMember& member : spec.members) {
    EXPECT_EQ(member.search.options.budget.power.value(), 150);
  }
  // Also where the searches take their budget from a design; and messages quote what was written.
  const SetSpec alike = load_set(
      path, files(), {{"searches.budget", "{like: tpu_v2}"}, {"searches.budget.power", "150 W"}});
  const Budget& budget = alike.members.front().search.options.budget;
  EXPECT_EQ(budget.power.value(), 150);
  EXPECT_GT(budget.area.value(), 500);
  try {
    load_set(path, files(), {parse_override("searches.budget.power=150 J")});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("--set searches.budget.power=150 J"),
              std::string::npos)
        << error.what();
  }
  EXPECT_TRUE(is_set_file(path, files()));
  EXPECT_FALSE(is_set_file((folder_ / "one.yaml").string(), files()));
}

}  // namespace
}  // namespace simdse
