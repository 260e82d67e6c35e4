// Exact search: bounds against estimates, branch and bound against enumeration.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "search/exact/box_bound.h"
#include "search/exact/core_bound.h"
#include "search/exact/design_search.h"
#include "search/local/local_search.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

class ExactSearch : public ::testing::Test {
 protected:
  ExactSearch() { use("bert_large", {{"layers", "1"}, {"batch", "4"}}); }

  void use(const std::string& model, const std::vector<Override>& overrides) {
    workload = load_workload(model, files(), overrides);
    graph = derive_training_step(workload.forward, workload.training);
    tasks = build_task_graph(graph);
    evaluator.emplace(tasks, workload.batch(), technology);
    const Chip chip = evaluator->chip(base);
    options.budget = {chip.area(), chip.tdp()};
  }

  SearchSpace space(const std::string& yaml) const {
    return SearchSpace(base, parse_config(yaml, "space.yaml"));
  }

  LocalSearchResult search(const SearchSpace& designs, SearchMethod method) {
    options.method = method;
    return search_designs(designs, *evaluator, options);
  }

  std::shared_ptr<const Technology> technology =
      std::make_shared<const Technology>(load_technology("16nm", files()));
  Design base = load_design("tpu_v2", files());
  Workload workload;
  Graph graph;
  TaskGraph tasks;
  std::optional<Evaluator> evaluator;
  LocalSearchOptions options;
};

constexpr const char* kSpace =
    "{cores.0.rows: [64, 128, 256], cores.0.columns: [64, 128], cores.0.count: {min: 1, max: 4},"
    " cores.1.count: [1, 2], global_buffer.capacity: [8 MiB, 26 MiB], memory.stacks: [2, 4]}";

Point random_point(const SearchSpace& space, std::mt19937_64& random) {
  Point point;
  for (const Axis& axis : space.axes()) point.push_back(random() % axis.values.size());
  return point;
}

Box random_box(const SearchSpace& space, const Point& inside, std::mt19937_64& random) {
  Box box{inside, inside};
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (random() % 3 == 0) continue;
    box.low[i] -= random() % (inside[i] + 1);
    box.high[i] += random() % (space.axes()[i].values.size() - inside[i]);
  }
  return box;
}

/// Holds random designs against the bounds of random boxes around them.
void expect_bounds_hold(const SearchSpace& designs, const Evaluator& evaluator, const char* name,
                        std::mt19937_64& random, int count) {
  BoxBound bound(designs, evaluator);
  int seen = 0;
  for (int i = 0; i < count; ++i) {
    const Point point = random_point(designs, random);
    std::optional<Evaluation> e;
    try {
      e = evaluator.evaluate(evaluator.chip(designs.design(point)));
    } catch (const InputError&) {
      continue;  // contradicts itself, or does not hold the workload
    }
    ++seen;
    for (int j = 0; j < 20; ++j) {
      const Box box = j == 0 ? Box{point, point} : random_box(designs, point, random);
      const BoxFigures least = bound.figures(box);
      const std::string what = std::string(name) + ", " + box_text(designs, box);
      EXPECT_LE(least.time.value(), e->time.value()) << what;
      EXPECT_LE(least.energy.value(), e->energy.value()) << what;
      EXPECT_LE(least.area.value(), e->area.value()) << what;
      EXPECT_LE(least.tdp.value(), e->tdp.value()) << what;
      if (j == 0) {
        EXPECT_GT(least.time.value(), 0.2 * e->time.value()) << what;  // and says something
      }
    }
  }
  EXPECT_GT(seen, count / 2);
}

constexpr const char* kCoreAxes =
    "cores.0.rows: [4, 64, 256], cores.0.columns: [16, 128], cores.0.count: {min: 1, max: 9}, "
    "cores.1.lanes: [16, 128], cores.1.count: {min: 1, max: 5}, memory.stacks: [1, 4], "
    "global_buffer.capacity: [4 MiB, 26 MiB]";

// A convolutional, a recurrent and an attention network; all axes that a chip has; a clock, whose
// cost rises but in whose cycles the memory becomes slower.
TEST_F(ExactSearch, NoDesignOfABoxBeatsItsBounds) {
  const std::vector<std::pair<const char*, std::vector<Override>>> models = {
      {"bert_large", {{"layers", "2"}, {"batch", "4"}}},
      {"mobilenet_v3_large", {{"batch", "2"}}},
      {"gnmt", {{"batch", "4"}, {"sequence", "3"}}}};
  std::mt19937_64 random(7);
  for (const auto& [model, overrides] : models) {
    use(model, overrides);
    const SearchSpace designs =
        space(std::string("{") + kCoreAxes +
              ", noc.port_width: [64 B/cycle, 512 B/cycle], clock: [700 MHz, 1 GHz]}");
    expect_bounds_hold(designs, *evaluator, model, random, 12);
  }
}

// On a mesh latency and energy of a byte depend on how many cores there are, and its headers on how
// wide its flits are.
TEST_F(ExactSearch, BoundsHoldOnAMeshOfAnyNumberOfCores) {
  base = load_design("mesh_8x8", files());
  std::mt19937_64 random(8);
  const SearchSpace designs = space(
      "{cores.0.rows: [16, 64], cores.0.count: {min: 1, max: 40}, "
      "cores.1.count: {min: 1, max: 16}, memory.stacks: [1, 4]}");
  expect_bounds_hold(designs, *evaluator, "mesh", random, 40);
}

// Eight-bit products count by what the array makes of them.
TEST_F(ExactSearch, BoundsHoldForNarrowFormats) {
  base = load_design("tpu_v2", files(), {{"cores.0.products_of_8_bits", "2"}});
  use("bert_large", {{"layers", "1"}, {"batch", "4"}, {"format", "int8"}});
  std::mt19937_64 random(9);
  expect_bounds_hold(space(std::string("{") + kCoreAxes + "}"), *evaluator, "int8", random, 12);
}

// Tiles of a GPU's thread blocks are whole ones, whatever the product's sides are.
TEST_F(ExactSearch, BoundsHoldForThreadBlocks) {
  base = load_design("tpu_v2", files(), {{"cores.0.dataflow", "output_stationary"}});
  use("bert_large", {{"layers", "1"}, {"batch", "3"}, {"sequence", "200"}});
  std::mt19937_64 random(10);
  expect_bounds_hold(space(std::string("{cores.0.block: [0, 32, 128], ") + kCoreAxes + "}"),
                     *evaluator, "thread blocks", random, 16);
}

// A task may run on any group, of which bounds know the first: then there are none.
TEST_F(ExactSearch, SeveralGroupsOfAKindAreNotBounded) {
  base =
      load_design("tpu_v2", files(),
                  {{"cores",
                    "[{kind: tensor_core, type: systolic, count: 2, rows: 64, columns: 64},"
                    " {kind: vector_core, type: simd, count: 1},"
                    " {kind: tensor_core, type: systolic, count: 1, rows: 256, columns: 256}]"}});
  const SearchSpace designs = space("{memory.stacks: [2, 3, 4]}");
  EXPECT_NE(BoxBound::obstacle(designs).find("several groups"), std::string::npos);
  EXPECT_THROW(BoxBound(designs, *evaluator), InputError);
  options.budget = {Area(2000), Watts(2000)};
  const LocalSearchResult found = search(designs, SearchMethod::heuristic);
  EXPECT_FALSE(found.certificate.has_value());
  EXPECT_EQ(found.best[0][0].evaluation.throughput,
            search(designs, SearchMethod::exhaustive).best[0][0].evaluation.throughput);
}

// Weights that stay fill the array all the time: what the other dataflows take need not be known.
TEST_F(ExactSearch, CoreBoundsCountTheTilesThatTheyTime) {
  const std::shared_ptr<const TensorCore> core = evaluator->chip(base).tensor_cores().front();
  Task task;
  task.contraction = ContractionShape{1, 2048, 1024, 1024};
  task.inputs = {{0, Bytes(0), Bytes(2048 * 1024 * 2)}, {1, Bytes(0), Bytes(1024 * 1024 * 2)}};
  const std::size_t tiles =
      core->tiles_of(task.format, Dataflow::weight_stationary, {2048, 1024, 1024}, 2).size();
  CostCalls calls;
  const double port = 512;
  CoreBound bound(core, port, calls);
  const PartCycles cycles = bound.contraction(task, 1);
  EXPECT_EQ(cycles.whole_sums, 2048.0 * 1024 * 1024 / (128 * 128));
  EXPECT_EQ(calls.count(), static_cast<std::int64_t>(tiles));
}

// What enumeration finds, the exact search proves, whatever is looked for; and what it estimated
// and what it cut make the whole space.
TEST_F(ExactSearch, ProvesWhatEnumerationFinds) {
  const SearchSpace designs = space(kSpace);
  for (const Objective objective : {Objective::throughput, Objective::throughput_per_tdp,
                                    Objective::energy, Objective::energy_delay_product}) {
    options.objectives = {objective};
    const LocalSearchResult all = search(designs, SearchMethod::exhaustive);
    const LocalSearchResult exact = search(designs, SearchMethod::exact);
    const LocalSearchResult quick = search(designs, SearchMethod::heuristic);
    const auto value = [&](const LocalSearchResult& result, std::size_t rank) {
      return worth(objective, result.best[0][rank].evaluation);
    };
    for (std::size_t i = 0; i < options.top_k; ++i) EXPECT_EQ(value(exact, i), value(all, i));
    ASSERT_TRUE(exact.certificate.has_value());
    EXPECT_TRUE(exact.certificate->has_ended);
    EXPECT_EQ(exact.certificate->gaps, std::vector<double>{0.0});
    EXPECT_LE(value(quick, 0), value(all, 0));
    EXPECT_GE(value(quick, 0), 0.99 * value(all, 0));
    EXPECT_GE(value(quick, 0) * (1 + quick.certificate->gaps[0]), value(all, 0));
    EXPECT_FALSE(quick.certificate->has_ended);
    double logged = 0;
    for (const AuditEntry& entry : exact.audit) {
      if (entry.phase != "exact" || entry.verdict == "estimated") continue;
      EXPECT_NE(entry.verdict, "open");
      EXPECT_FALSE(entry.reason.empty());
      logged += entry.designs;
    }
    const auto size = static_cast<double>(designs.size());
    EXPECT_LE(logged, size);
    EXPECT_GE(logged, size - static_cast<double>(exact.designs_estimated));
    EXPECT_LT(exact.designs_estimated, all.designs_estimated);
  }
}

TEST_F(ExactSearch, AnObjectiveMoreIsProvedBesideTheFirst) {
  const SearchSpace designs = space(kSpace);
  options.objectives = {Objective::throughput, Objective::energy};
  options.throughput_floor = {200, true};
  const LocalSearchResult all = search(designs, SearchMethod::exhaustive);
  const LocalSearchResult exact = search(designs, SearchMethod::exact);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(exact.best[i].front().point, all.best[i].front().point);
    EXPECT_GE(exact.best[i].front().evaluation.throughput, 200);
  }
}

TEST_F(ExactSearch, WhatALimitLeavesOpenIsInTheGap) {
  const SearchSpace designs = space(kSpace);
  options.top_k = 1;
  const double best =
      search(designs, SearchMethod::exhaustive).best[0].front().evaluation.throughput;
  double last = std::numeric_limits<double>::infinity();
  for (const std::int64_t nodes : {2, 60, 1000000}) {
    options.limits.nodes = nodes;
    const LocalSearchResult result = search(designs, SearchMethod::exact);
    const Certificate& certificate = *result.certificate;
    EXPECT_EQ(certificate.stopped_by, nodes < 1000 ? "nodes" : "");
    EXPECT_EQ(certificate.has_ended, nodes >= 1000);
    const double found = result.best[0].front().evaluation.throughput;
    EXPECT_GE(found * (1 + certificate.gaps[0]), best);
    EXPECT_LE(certificate.gaps[0], last);
    last = certificate.gaps[0];
  }
  EXPECT_EQ(last, 0);
  // The heuristic is stopped as well.
  for (const std::int64_t evaluations : {1, 3}) {
    options.limits.evaluations = evaluations;
    const LocalSearchResult result = search(designs, SearchMethod::exact);
    EXPECT_EQ(result.certificate->stopped_by, "evaluations");
    EXPECT_EQ(result.designs_estimated, evaluations);
    EXPECT_FALSE(result.is_partial);
  }
}

// Evaluations may be spent before one that holds the workload was found: that is no statement about
// the others.
TEST_F(ExactSearch, SpentEvaluationsSayNothingOfOtherDesigns) {
  use("gpt2_xl", {{"batch", "1"}});
  const SearchSpace designs =
      space("{cores.0.count: [1, 2], memory.stacks: [4], memory.stack_capacity: [1 GiB, 16 GiB]}");
  EXPECT_FALSE(search(designs, SearchMethod::exact).best[0].empty());
  options.limits.evaluations = 1;
  try {
    search(designs, SearchMethod::exact);
    ADD_FAILURE() << "4 GiB hold it";
  } catch (const NegativeResult& nothing) {
    EXPECT_NE(std::string(nothing.what()).find("none of the 1 designs that limits.evaluations"),
              std::string::npos)
        << nothing.what();
  }
}

// With a tolerance the search may end with another design, no worse by more than that.
TEST_F(ExactSearch, AToleranceIsKeptAndProven) {
  const SearchSpace designs = space(kSpace);
  options.top_k = 1;
  const LocalSearchResult exact = search(designs, SearchMethod::exact);
  options.limits.gap = 0.05;
  const LocalSearchResult loose = search(designs, SearchMethod::exact);
  EXPECT_LE(loose.certificate->gaps[0], 0.05);
  EXPECT_LE(loose.certificate->nodes, exact.certificate->nodes);
  EXPECT_GE(loose.best[0].front().evaluation.throughput * (1 + loose.certificate->gaps[0]),
            exact.best[0].front().evaluation.throughput);
}

// What is remembered of other designs is what would be worked out again.
TEST_F(ExactSearch, EvaluationsDoNotDependOnThoseBefore) {
  use("mobilenet_v3_large", {{"batch", "2"}});
  const SearchSpace designs = space(
      "{cores.0.rows: [16, 64], cores.0.columns: [16, 64], cores.0.count: {min: 1, max: 9}, "
      "cores.1.lanes: [16, 128], cores.1.count: {min: 1, max: 5}, memory.stacks: [2, 4], "
      "global_buffer.capacity: [1 MiB, 4 MiB, 26 MiB]}");
  std::mt19937_64 random(3);
  for (int i = 0; i < 25; ++i) {
    const Chip chip = evaluator->chip(designs.design(random_point(designs, random)));
    const Evaluation after_others = evaluator->evaluate(chip);
    const Evaluation alone = Evaluator(tasks, workload.batch(), technology).evaluate(chip);
    EXPECT_EQ(after_others.time.value(), alone.time.value()) << chip.label();
    EXPECT_EQ(after_others.energy.value(), alone.energy.value()) << chip.label();
    // Mappings found with another allowance of the buffer count as they did there.
    EXPECT_NEAR(
        static_cast<double>(after_others.cost_calls) / static_cast<double>(alone.cost_calls), 1,
        0.05)
        << chip.label();
    EXPECT_EQ(after_others.memory_used.value(), alone.memory_used.value()) << chip.label();
  }
}

/// A few of the axes that a design has, and of each a few values.
std::string random_space(std::mt19937_64& random) {
  const std::vector<std::pair<const char*, std::vector<const char*>>> axes = {
      {"cores.0.rows", {"32", "64", "128", "256"}},
      {"cores.0.columns", {"32", "64", "128"}},
      {"cores.0.count", {"1", "2", "4", "8"}},
      {"cores.0.operand_depth", {"512", "4096"}},
      {"cores.1.lanes", {"16", "64", "128"}},
      {"cores.1.count", {"1", "2", "4"}},
      {"clock", {"300 MHz", "700 MHz", "1 GHz"}},
      {"noc.port_width", {"64 B/cycle", "256 B/cycle", "512 B/cycle"}},
      {"global_buffer.capacity", {"4 MiB", "16 MiB", "32 MiB"}},
      {"global_buffer.banks", {"4", "32"}},
      {"memory.stacks", {"1", "2", "4"}}};
  std::vector<std::size_t> order(axes.size());
  std::iota(order.begin(), order.end(), 0);
  std::string text;
  std::size_t designs = 1;
  for (std::size_t left = axes.size(); left > 0; --left) {
    const std::size_t at = random() % left;
    const auto& [path, values] = axes[order[at]];
    order[at] = order[left - 1];
    constexpr std::size_t most_designs = 100;
    if (designs * values.size() > most_designs) continue;
    designs *= values.size();
    text += (text.empty() ? "" : ", ") + std::string(path) + ": [";
    for (const char* value : values) text += std::string(value == values[0] ? "" : ", ") + value;
    text += "]";
  }
  return "{" + text + "}";
}

// Whatever is looked for, in whatever corner of a design.
TEST_F(ExactSearch, TheHeuristicIsNearTheBestOfSmallSpaces) {
  const std::vector<std::pair<const char*, std::vector<Override>>> models = {
      {"resnet18", {{"batch", "4"}}},
      {"mobilenet_v3_large", {{"batch", "2"}}},
      {"bert_large", {{"layers", "1"}, {"batch", "2"}}}};
  const std::vector<Objective> objectives = {Objective::throughput, Objective::throughput_per_tdp,
                                             Objective::energy, Objective::energy_delay_product};
  options.top_k = 1;
  std::mt19937_64 random(11);
  for (int i = 0; i < 12; ++i) {
    const auto& [model, overrides] = models[static_cast<std::size_t>(i) % models.size()];
    use(model, overrides);
    options.budget = {Area(550 + 50 * static_cast<double>(random() % 6)),
                      Watts(180 + 40 * static_cast<double>(random() % 5))};
    const std::string text = random_space(random);
    const SearchSpace designs = space(text);
    options.objectives = objectives;
    const LocalSearchResult all = search(designs, SearchMethod::exhaustive);
    for (std::size_t at = 0; at < objectives.size(); ++at) {
      options.objectives = {objectives[at]};
      const LocalSearchResult found = search(designs, SearchMethod::heuristic);
      const std::string what = std::string(model) + ", " + objective_name(objectives[at]) + ", " +
                               text + ": " + found.best[0][0].label + " instead of " +
                               all.best[at][0].label;
      EXPECT_GE(worth(objectives[at], found.best[0][0].evaluation),
                0.995 * worth(objectives[at], all.best[at][0].evaluation))
          << what;
    }
  }
}

TEST_F(ExactSearch, BoxesAreHalvedWithoutLoss) {
  const SearchSpace designs = space(kSpace);
  const Box whole = Box::whole(designs);
  EXPECT_EQ(whole.size(), 192);
  EXPECT_EQ(box_text(designs, whole), "all");
  const auto [lower, upper] = whole.halves(2);
  EXPECT_EQ(lower.size() + upper.size(), whole.size());
  EXPECT_EQ(box_text(designs, lower), "cores.0.count 1..2");
  EXPECT_TRUE(upper.contains(upper.low));
  EXPECT_FALSE(lower.contains(upper.low));
}

}  // namespace
}  // namespace simdse
