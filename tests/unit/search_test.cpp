// The local search: against enumeration, and what it says when there is nothing to find.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "search/local/design_sampler.h"
#include "search/local/explain.h"
#include "search/local/local_search.h"
#include "search/local/peak_bound.h"
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

  /// Calls `visit` with every point of a space.
  template <class Visit>
  static void for_each_point(const SearchSpace& space, Visit&& visit) {
    Point point(space.axes().size(), 0);
    do {
      visit(point);
    } while (space.advance(point));
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
  // With power and area to spare, the fastest design is not the thriftiest.
  options.budget.power = options.budget.power * 4.0;
  options.budget.area = options.budget.area * 3.0;
  options.objectives = {Objective::throughput, Objective::throughput_per_tdp};
  const LocalSearchResult without = search_locally(space(kSmallSpace), evaluator, options);
  const double fastest = without.best[0].front().evaluation.throughput;
  const double thriftiest = without.best[1].front().evaluation.throughput;
  ASSERT_LT(thriftiest, fastest);
  options.throughput_floor.samples_per_second = (fastest + thriftiest) / 2;
  const LocalSearchResult with = search_locally(space(kSmallSpace), evaluator, options);
  ASSERT_FALSE(with.best[1].empty());
  for (const Candidate& c : with.best[1]) {
    EXPECT_GE(c.evaluation.throughput, options.throughput_floor.samples_per_second);
  }
}

// By enumeration: what the best of each objective is worth, and what the front is made of.
TEST_F(SmallSearch, EnergyObjectivesAndTheFrontAgreeWithTheDefinitions) {
  const SearchSpace small = space(kSmallSpace);
  LocalSearchOptions options;
  options.budget = base_budget();
  options.objectives = {Objective::energy, Objective::energy_delay_product};
  const LocalSearchResult result = search_locally(small, evaluator, options);
  double least_energy = 1e30;
  double least_product = 1e30;
  for_each_point(small, [&](const Point& point) {
    const Chip chip = evaluator.chip(small.design(point));
    if (!options.budget.allows(chip.area(), chip.tdp())) return;
    const Evaluation e = evaluator.evaluate(chip);
    least_energy = std::min(least_energy, e.energy.value());
    least_product = std::min(least_product, e.energy.value() * e.time.value());
  });
  const Evaluation& thrifty = result.best[0].front().evaluation;
  EXPECT_LE(thrifty.energy.value(), 1.01 * least_energy);
  const Evaluation& balanced = result.best[1].front().evaluation;
  EXPECT_LE(balanced.energy.value() * balanced.time.value(), 1.01 * least_product);
  const auto batch = static_cast<double>(workload.batch());
  EXPECT_NEAR(worth(Objective::energy, thrifty) * thrifty.energy.value() / batch, 1, 1e-12);
  EXPECT_NEAR(worth(Objective::energy_delay_product, balanced) * balanced.energy.value() *
                  balanced.time.value() / (batch * batch),
              1, 1e-12);
  ASSERT_GE(result.front.size(), 2U);
  for (std::size_t i = 1; i < result.front.size(); ++i) {
    // Fastest first: what is slower must be cheaper in one of the two than all that are faster.
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_GE(result.front[j].throughput, result.front[i].throughput);
      EXPECT_TRUE(result.front[i].tdp < result.front[j].tdp ||
                  result.front[i].area < result.front[j].area);
    }
  }
}

TEST_F(SmallSearch, AFloorThatNothingReachesIsSaid) {
  LocalSearchOptions options;
  options.budget = base_budget();
  options.objectives = {Objective::throughput_per_tdp};
  options.throughput_floor.samples_per_second = 1e6;
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
  const auto parts =
      explain_difference(small, evaluator, start, best.design, Objective::throughput);
  double product = 1;
  for (const Contribution& part : parts) product *= part.factor;
  const double ratio =
      best.evaluation.throughput / evaluator.evaluate(evaluator.chip(start)).throughput;
  EXPECT_NEAR(product, ratio, 1e-9);
  EXPECT_FALSE(parts.empty());
}

TEST_F(SmallSearch, DifferencesAndStepsAreInTheObjectivesWorth) {
  const SearchSpace small = space(kSmallSpace);
  const Point point(small.axes().size(), 0);
  const Design from = small.design(point);
  const Design to = small.design(Point(small.axes().size(), 1));
  for (const Objective objective : {Objective::energy, Objective::energy_delay_product}) {
    const auto worth_at = [&](const Design& design) {
      return worth(objective, evaluator.evaluate(evaluator.chip(design)));
    };
    double product = 1;
    for (const Contribution& part : explain_difference(small, evaluator, from, to, objective)) {
      product *= part.factor;
    }
    EXPECT_NEAR(product, worth_at(to) / worth_at(from), 1e-9);
    const auto purchases = price_purchases(small, evaluator, point, objective);
    ASSERT_FALSE(purchases.empty());
    for (const Purchase& purchase : purchases) {
      Point up = point;
      for (std::size_t i = 0; i < up.size(); ++i) up[i] += small.axes()[i].path == purchase.path;
      EXPECT_NEAR(purchase.gain, worth_at(small.design(up)) / worth_at(from) - 1, 1e-12);
    }
  }
}

TEST_F(SmallSearch, DifferencesOffTheAxesAreAFactorToo) {
  const SearchSpace small = space(kSmallSpace);
  const Design to = small.design(Point(small.axes().size(), 1));
  for (const char* name : {"tpu_v3", "nvdla_like", "tpu_v2"}) {
    const Design from = load_design(name, files(), {{"global_buffer.banks", "8"}});
    const auto parts = explain_difference(small, evaluator, from, to, Objective::throughput);
    double product = 1;
    for (const Contribution& part : parts) product *= part.factor;
    const double ratio = evaluator.evaluate(evaluator.chip(to)).throughput /
                         evaluator.evaluate(evaluator.chip(from)).throughput;
    EXPECT_NEAR(product, ratio, 1e-9) << name;
    EXPECT_EQ(parts.back().change, "other differences") << name;
  }
}

TEST_F(SmallSearch, ABlockWithoutTheAxisParameterIsAnotherDifference) {
  const SearchSpace small = space("{memory.t_rcd: [14 ns, 20 ns], memory.stacks: [2, 4]}");
  const Design from = load_design("tpu_v2", files(), {{"memory", "{type: ideal}"}});
  EXPECT_THROW(value_at(from, "memory.t_rcd"), InputError);
  EXPECT_THROW(with_value(from, "memory.t_rcd", 1e-8), InputError);
  const auto parts =
      explain_difference(small, evaluator, from, small.design({0, 1}), Objective::throughput);
  EXPECT_EQ(parts.back().change, "other differences");
}

TEST_F(SmallSearch, ASpaceOfContradictionsSaysWhich) {
  LocalSearchOptions options;
  options.budget = base_budget();
  try {
    search_locally(space("{memory.t_rfc: [5 us]}"), evaluator, options);
    FAIL();
  } catch (const NegativeResult& result) {
    EXPECT_NE(std::string(result.what()).find("contradicts itself: "), std::string::npos);
    EXPECT_NE(std::string(result.what()).find("t_rfc"), std::string::npos) << result.what();
  }
}

TEST_F(SmallSearch, TheClockIsAnAxis) {
  const SearchSpace range = space("{clock: {min: 600 MHz, max: 900 MHz}}");
  ASSERT_EQ(range.axes().front().values.size(), 4U);
  EXPECT_EQ(range.design({1}).clock, Hertz(700e6));
  EXPECT_EQ(range.find(base), Point{1});
  EXPECT_EQ(range.other_values({3}), "clock 900 MHz");
  const auto message = [&](const char* yaml) -> std::string {
    try {
      space(yaml);
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message("{clock: [700.5 MHz]}").find("whole number of MHz"), std::string::npos);
  EXPECT_NE(message("{clock: [20 GHz]}").find("out of range"), std::string::npos);
}

// The voltage limit is a constraint like the budget: the search stops at the last clock below it.
TEST_F(SmallSearch, NoClockAboveTheHighestVoltageIsChosen) {
  LocalSearchOptions options;
  options.budget = {base_budget().area * 2.0, base_budget().power * 10.0};
  options.objectives = {Objective::throughput};
  const SearchSpace clocks = space("{clock: [700 MHz, 1 GHz, 1.4 GHz, 1.8 GHz, 2.2 GHz]}");
  const LocalSearchResult result = search_locally(clocks, evaluator, options);
  EXPECT_EQ(result.best.front().front().design.clock, Hertz(1.4e9));
  EXPECT_NE(evaluator.chip(clocks.design({3})).problem(), "");
  try {
    search_locally(space("{clock: [1.8 GHz]}"), evaluator, options);
    FAIL();
  } catch (const NegativeResult& none) {
    EXPECT_NE(std::string(none.what()).find("highest voltage"), std::string::npos) << none.what();
  }
}

// Drawn are those designs, and all of those, that the search may choose: within the budget, and of
// a clock and a number of stacks that can be built.
TEST_F(SmallSearch, WhatCanNotBeBuiltIsNotDrawn) {
  const SearchSpace designs =
      space("{clock: [700 MHz, 1.4 GHz, 1.8 GHz, 2.2 GHz], memory.stacks: [4, 8, 16]}");
  const Budget budget{base_budget().area * 4.0, base_budget().power * 1.3};
  std::set<Point> allowed;
  std::int64_t over_budget = 0;
  std::int64_t contradictory = 0;
  for_each_point(designs, [&](const Point& point) {
    const Chip chip = evaluator.chip(designs.design(point));
    if (!chip.problem().empty()) {
      ++contradictory;
    } else if (!budget.allows(chip.area(), chip.tdp())) {
      ++over_budget;
    } else {
      allowed.insert(point);
    }
  });
  ASSERT_GT(contradictory, 0);
  ASSERT_GT(over_budget, 0);
  DesignSampler sampler(designs, evaluator, budget, 1);
  std::set<Point> drawn;
  while (const std::optional<Point> point = sampler.draw()) drawn.insert(*point);
  EXPECT_EQ(drawn, allowed);
  EXPECT_EQ(sampler.contradictory(), contradictory);
  EXPECT_EQ(sampler.over_budget(), over_budget);
}

class PeakBoundOf : public SmallSearch, public ::testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(Spaces, PeakBoundOf,
                         ::testing::Values(kSmallSpace,
                                           "{cores.0.rows: [64, 128], cores.0.count: [1, 2], "
                                           "clock: [700 MHz, 1.3 GHz], memory.stacks: [3, 4]}"));

TEST_P(PeakBoundOf, HoldsForAllDescendants) {
  const SearchSpace small = space(GetParam());
  Budget loose = base_budget();
  loose.power = loose.power * 2.0;
  for (const Budget& budget : {base_budget(), loose}) {
    const PeakBound bound(small, evaluator, budget);
    for (const ThroughputFloor floor : {ThroughputFloor{0.0}, ThroughputFloor{500.0}}) {
      double nearest = 0;
      for_each_point(small, [&](const Point& point) {
        const Chip chip = evaluator.chip(small.design(point));
        if (!budget.allows(chip.area(), chip.tdp())) return;
        // The design lies below every node that is at least as large.
        const Evaluation e = evaluator.evaluate(chip);
        for_each_point(small, [&](const Point& node) {
          for (std::size_t i = 0; i < node.size(); ++i) {
            const bool is_dimension = small.axes()[i].role == AxisRole::dimension;
            if (is_dimension ? node[i] < point[i] : node[i] != 0) return;
          }
          const auto subtree = PeakBound::Scope::subtree;
          const double most = bound.score(node, subtree, Objective::throughput, floor);
          EXPECT_GE(most, e.throughput);
          nearest = std::max(nearest, e.throughput / most);
          bool is_node = true;
          for (std::size_t i = 0; i < node.size(); ++i) {
            is_node &= small.axes()[i].role != AxisRole::dimension || node[i] == point[i];
          }
          if (is_node) {
            EXPECT_GE(bound.score(node, PeakBound::Scope::node, Objective::throughput, floor),
                      e.throughput);
          }
          if (e.throughput < floor.samples_per_second) return;
          EXPECT_GE(bound.score(node, subtree, Objective::throughput_per_tdp, floor),
                    e.throughput_per_tdp());
        });
      });
      EXPECT_GT(nearest, 0.5);  // and it is no empty promise
    }
  }
}

TEST_F(SmallSearch, EveryEstimateIsInTheLogUnderAnUnmistakableName) {
  const SearchSpace small = space(kSmallSpace);
  LocalSearchOptions options;
  options.budget = base_budget();
  options.objectives = {Objective::throughput, Objective::throughput_per_tdp};
  const LocalSearchResult result = search_locally(small, evaluator, options);
  std::set<std::string> names;
  std::int64_t estimated = 0;
  for (const AuditEntry& entry : result.audit) {
    if (entry.verdict != "estimated" && entry.verdict != "does_not_fit") continue;
    ++estimated;
    EXPECT_TRUE(names.insert(entry.design).second) << entry.design;
    EXPECT_NE(entry.design.find("port_width"), std::string::npos) << entry.design;
  }
  EXPECT_EQ(estimated, result.designs_estimated);
  EXPECT_LE(result.designs_estimated + result.designs_bounded, small.size());
}

// Arrays of 4 rows do a 32nd of what the others do, in no number that there is are they any good:
// half of the space need not be looked at, whether or not the search came by.
TEST_F(SmallSearch, DesignsThatCannotMatterAreCountedWhereverTheTreeEnded) {
  const SearchSpace small = space(
      "{cores.0.rows: [4, 128], cores.0.count: [1, 2], cores.1.count: [1, 2, 3],"
      " memory.stacks: [3, 4]}");
  for (const int hysteresis : {0, 3}) {
    LocalSearchOptions options;
    options.budget = base_budget();
    options.objectives = {Objective::throughput};
    options.top_k = 1;
    options.hysteresis = hysteresis;
    const LocalSearchResult result = search_locally(small, evaluator, options);
    std::int64_t with_few_rows = 0;
    for (const AuditEntry& entry : result.audit) {
      with_few_rows +=
          entry.verdict == "estimated" && entry.design.find("x4x") != std::string::npos;
    }
    EXPECT_EQ(result.designs_bounded, 12 - with_few_rows);
  }
}

TEST_F(SmallSearch, SeedsAreEstimatedAndCount) {
  const SearchSpace small = space(kSmallSpace);
  EXPECT_EQ(small.find(base), small.base_point());
  EXPECT_FALSE(small.find(with_value(base, "memory.stacks", std::int64_t{3})).has_value());
  EXPECT_FALSE(small.find(load_design("tpu_v3", files())).has_value());
  const Point seed = {1, 1, 1, 1, 1, 1};
  EXPECT_EQ(small.find(small.design(seed)), seed);
  LocalSearchOptions options;
  options.budget = base_budget();
  options.seeds = {seed, {0, 0, 0, 0, 0, 0}};
  const Budget less{options.budget.area * 0.7, options.budget.power * 0.7};
  options.also_within = less;
  const LocalSearchResult result = search_locally(small, evaluator, options);
  EXPECT_EQ(result.audit.front().phase, "seed");
  EXPECT_GE(result.best[0].front().evaluation.throughput, result.audit.front().throughput);
  ASSERT_TRUE(result.best_within.has_value());
  EXPECT_TRUE(less.allows(result.best_within->evaluation.area, result.best_within->evaluation.tdp));
}

TEST_F(SmallSearch, AxesThatTheEstimateCannotSeeAreTold) {
  const SearchSpace small = space("{memory.queue_depth: [8, 64], memory.stacks: [2, 4]}");
  EXPECT_EQ(unmoving_axes(small, evaluator, {0, 1}, Objective::throughput),
            (std::vector<std::string>{"memory.queue_depth"}));
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
