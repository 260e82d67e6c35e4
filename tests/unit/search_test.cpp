// The local search: against enumeration, and what it says when there is nothing to find.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "search/local/explain.h"
#include "search/local/local_search.h"
#include "search/local/search_space.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

class SmallSearch : public ::testing::Test {
 protected:
  SmallSearch()
      : workload(load_workload("bert_large", files(), {{"layers", "1"}, {"batch", "4"}})),
        graph(derive_training_step(workload.forward, workload.training)),
        tasks(build_task_graph(graph)),
        technology(std::make_shared<const Technology>(load_technology("16nm", files()))),
        evaluator(tasks, workload.batch(), technology),
        base(load_design("tpu_v2", files())) {}

  SearchSpace space(const std::string& yaml) const {
    return SearchSpace(base, parse_config(yaml, "space.yaml"));
  }

  Budget base_budget() const {
    const Chip chip = evaluator.chip(base);
    return {chip.area(), chip.tdp()};
  }

  Workload workload;
  Graph graph;
  TaskGraph tasks;
  std::shared_ptr<const Technology> technology;
  Evaluator evaluator;
  Design base;
};

constexpr const char* kSmallSpace =
    "{cores.0.rows: [64, 128, 256], cores.0.columns: [64, 128], cores.0.count: {min: 1, max: 6},"
    " cores.1.count: [1, 2, 3], memory.stacks: [2, 4], noc.port_width: [256 B/cycle, 512 B/cycle]}";

TEST_F(SmallSearch, FindsWhatEnumerationFinds) {
  const SearchSpace small = space(kSmallSpace);
  LocalSearchOptions options;
  options.budget = base_budget();
  options.objectives = {Objective::throughput, Objective::throughput_per_tdp};
  options.top_k = 3;
  const LocalSearchResult result = search_locally(small, evaluator, options);
  double best[2] = {0, 0};
  std::int64_t count = 0;
  Point point(small.axes().size(), 0);
  for (;;) {
    const Chip chip = evaluator.chip(small.design(point));
    if (options.budget.allows(chip.area(), chip.tdp())) {
      const Evaluation e = evaluator.evaluate(chip);
      best[0] = std::max(best[0], e.throughput);
      best[1] = std::max(best[1], e.throughput_per_tdp());
      ++count;
    }
    std::size_t axis = 0;
    while (axis < point.size() && ++point[axis] == small.axes()[axis].values.size()) {
      point[axis++] = 0;
    }
    if (axis == point.size()) break;
  }
  EXPECT_LT(result.designs_estimated, count);
  EXPECT_GE(result.best[0].front().evaluation.throughput, 0.99 * best[0]);
  EXPECT_GE(result.best[1].front().evaluation.throughput_per_tdp(), 0.99 * best[1]);
}

TEST_F(SmallSearch, KeepsTheBudgetAndTheOrder) {
  const SearchSpace small = space(kSmallSpace);
  LocalSearchOptions options;
  options.budget = base_budget();
  options.top_k = 4;
  const LocalSearchResult result = search_locally(small, evaluator, options);
  ASSERT_EQ(result.best[0].size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    const Candidate& c = result.best[0][i];
    EXPECT_TRUE(options.budget.allows(c.evaluation.area, c.evaluation.tdp));
    if (i == 0) continue;
    EXPECT_LE(c.evaluation.throughput, result.best[0][i - 1].evaluation.throughput);
  }
}

TEST_F(SmallSearch, EveryVerdictHasAReason) {
  LocalSearchOptions options;
  options.budget = base_budget();
  const LocalSearchResult result = search_locally(space(kSmallSpace), evaluator, options);
  int kept = 0;
  int cut = 0;
  for (const AuditEntry& entry : result.audit) {
    EXPECT_FALSE(entry.reason.empty());
    EXPECT_FALSE(entry.design.empty());
    kept += entry.verdict == "kept";
    cut += entry.verdict == "cut";
  }
  EXPECT_GT(kept, 0);
  EXPECT_GT(cut, 0);
}

TEST_F(SmallSearch, TheFloorHoldsForThroughputPerWatt) {
  LocalSearchOptions options;
  options.budget = base_budget();
  // With power to spare, the fastest design is not the thriftiest.
  options.budget.power = options.budget.power * 2.0;
  options.objectives = {Objective::throughput, Objective::throughput_per_tdp};
  const LocalSearchResult without = search_locally(space(kSmallSpace), evaluator, options);
  const double fastest = without.best[0].front().evaluation.throughput;
  const double thriftiest = without.best[1].front().evaluation.throughput;
  ASSERT_LT(thriftiest, fastest);
  options.throughput_floor = (fastest + thriftiest) / 2;
  const LocalSearchResult with = search_locally(space(kSmallSpace), evaluator, options);
  ASSERT_FALSE(with.best[1].empty());
  for (const Candidate& c : with.best[1]) {
    EXPECT_GE(c.evaluation.throughput, options.throughput_floor);
  }
}

TEST_F(SmallSearch, AFloorThatNothingReachesIsSaid) {
  LocalSearchOptions options;
  options.budget = base_budget();
  options.objectives = {Objective::throughput_per_tdp};
  options.throughput_floor = 1e6;
  try {
    search_locally(space(kSmallSpace), evaluator, options);
    FAIL();
  } catch (const NegativeResult& result) {
    EXPECT_NE(std::string(result.what()).find("floor of 1e+06 samples/s; the fastest"),
              std::string::npos)
        << result.what();
  }
}

TEST_F(SmallSearch, ABudgetThatNothingMeetsNamesTheNearestDesign) {
  LocalSearchOptions options;
  options.budget = {Area(20), Watts(10)};
  try {
    search_locally(space(kSmallSpace), evaluator, options);
    FAIL();
  } catch (const NegativeResult& result) {
    const std::string text = result.what();
    EXPECT_NE(text.find("20 mm2 and 10 W"), std::string::npos) << text;
    EXPECT_NE(text.find("the nearest, 1x64x64"), std::string::npos) << text;
  }
}

TEST_F(SmallSearch, DifferencesMultiplyToTheWhole) {
  const SearchSpace small = space(kSmallSpace);
  LocalSearchOptions options;
  options.budget = base_budget();
  const LocalSearchResult result = search_locally(small, evaluator, options);
  const Candidate& best = result.best[0].front();
  const Design start = with_value(base, "cores.0.count", std::int64_t{1});
  const auto parts = explain_difference(small, evaluator, start, best.design);
  double product = 1;
  for (const Contribution& part : parts) product *= part.factor;
  const double ratio =
      best.evaluation.throughput / evaluator.evaluate(evaluator.chip(start)).throughput;
  EXPECT_NEAR(product, ratio, 1e-9);
  EXPECT_FALSE(parts.empty());
}

TEST_F(SmallSearch, SpacesAreCheckedStrictly) {
  const auto message = [&](const std::string& yaml) -> std::string {
    try {
      space(yaml);
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_NE(message("{cores.0.row: [64]}").find("did you mean 'rows'"), std::string::npos);
  EXPECT_NE(message("{cores.7.rows: [64]}").find("core groups 0 to 1"), std::string::npos);
  EXPECT_NE(message("{memry.stacks: [1]}").find("did you mean 'memory'"), std::string::npos);
  EXPECT_NE(message("{cores.0.rows: [48]}").find("a power of two"), std::string::npos);
  EXPECT_NE(message("{cores.0.rows: []}").find("empty"), std::string::npos);
  EXPECT_NE(message("{cores.0.rows: {min: 64, max: 32}}").find("empty"), std::string::npos);
  EXPECT_NE(message("{cores.0.operand_depth: default}").find("no default range"),
            std::string::npos);
  EXPECT_NE(message("{}").find("nothing to search"), std::string::npos);
  EXPECT_NE(message("{rows: [4]}").find("expected a path"), std::string::npos);
}

TEST_F(SmallSearch, DefaultRangesComeFromTheBlocksParameters) {
  const SearchSpace s = space("{cores.0.rows: default, cores.0.count: {min: 2, max: 5}}");
  EXPECT_EQ(s.axes()[0].values.size(), 7U);  // 4 to 256
  EXPECT_EQ(std::get<std::int64_t>(s.axes()[0].values.front()), 4);
  EXPECT_EQ(s.axes()[1].values.size(), 4U);
  EXPECT_EQ(s.size(), 28);
}

}  // namespace
}  // namespace simdse
