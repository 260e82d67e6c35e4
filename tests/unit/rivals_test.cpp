// The rivals of the local search: what they find, that they count honestly, and their parts.
#include "search/baselines/rivals.h"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <set>

#include "search/baselines/features.h"
#include "search/baselines/linear_process.h"
#include "search/plan/plan_validator.h"
#include "search/schedule/option_sample.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

/// A small network, for designs are evaluated by the thousand.
constexpr const char* kPerceptron =
    "{name: mlp, parameters: {batch: 384, width: 1024}, inputs: {x: {shape: [batch, width]}},"
    " operators: [{name: up, kind: linear, inputs: x, features: 3 * width},"
    " {name: act, kind: relu}, {name: down, kind: linear, features: width}]}";

/// 1,000 designs, of which enumeration knows the best.
constexpr const char* kThousand =
    "{cores.0.rows: [16, 32, 64, 128, 256], cores.0.columns: [16, 32, 64, 128, 256],"
    " cores.0.count: [1, 2, 3, 4, 6], global_buffer.capacity: [4 MiB, 8 MiB, 16 MiB, 26 MiB],"
    " memory.stacks: [3, 4]}";

class Rivals : public ::testing::Test {
 protected:
  Rivals()
      : workload(read_workload(parse_config(kPerceptron, "mlp.yaml"), files(), "")),
        graph(derive_training_step(workload.forward, workload.training)),
        tasks(build_task_graph(graph)),
        technology(std::make_shared<const Technology>(load_technology("16nm", files()))),
        evaluator(tasks, workload.batch(), technology),
        base(load_design("tpu_v2", files())),
        space(base, parse_config(kThousand, "space.yaml")) {
    const Chip chip = evaluator.chip(base);
    options.budget = {chip.area(), chip.tdp()};
  }

  /// A clock that stands still: no result may depend on it.
  static double no_time() { return 0; }

  struct Outcome {
    std::int64_t evaluations = 0;
    std::int64_t cost_calls = 0;
    std::vector<Improvement> improvements;
  };
  Outcome run(const Rival& rival, std::uint64_t seed, std::int64_t evaluations) {
    CountedEvaluatorOptions limited = options;
    limited.limits.evaluations = evaluations;
    CountedEvaluator counted(space, evaluator, limited, no_time);
    run_rival(rival, counted, seed);
    return {counted.convergence().evaluations(), counted.convergence().cost_calls(),
            counted.convergence().improvements()};
  }

  /// The best throughput of the space within the budget, by looking at all of it.
  double optimum() {
    double best = 0;
    Point point(space.axes().size(), 0);
    for (;;) {
      const Chip chip = evaluator.chip(space.design(point));
      if (Evaluator::is_allowed(chip, options.budget)) {
        best = std::max(best, evaluator.evaluate(chip).throughput);
      }
      std::size_t axis = 0;
      while (axis < point.size() && ++point[axis] == space.axes()[axis].values.size()) {
        point[axis++] = 0;
      }
      if (axis == point.size()) return best;
    }
  }

  Workload workload;
  Graph graph;
  TaskGraph tasks;
  std::shared_ptr<const Technology> technology;
  Evaluator evaluator;
  Design base;
  SearchSpace space;
  CountedEvaluatorOptions options;
};

/// Evaluations within which a rival must have found the best of the thousand, whatever the seed. Of
/// these about 790 are within the budget: random search may have to look at all of them. A nested
/// search makes four plans of each.
std::int64_t allowance(const std::string& rival) {
  if (rival == "random" || rival == "phaze") return 800;
  return rival == "nested" ? 1600 : 400;
}

TEST_F(Rivals, EachFindsTheOptimumOfAThousandDesigns) {
  ASSERT_EQ(space.size(), 1000);
  const double best = optimum();
  for (const Rival& rival : rivals()) {
    for (std::uint64_t seed = 1; seed <= (rival.is_seeded ? 2U : 1U); ++seed) {
      const Outcome outcome = run(rival, seed, allowance(rival.name));
      ASSERT_FALSE(outcome.improvements.empty()) << rival.name;
      const Improvement& last = outcome.improvements.back();
      EXPECT_GE(last.worth, best * (1 - 1e-12)) << rival.name << " with seed " << seed;
      EXPECT_LE(outcome.evaluations, allowance(rival.name)) << rival.name;
      // A plan made of a part of the options may be better than the scheduler's own; nothing else
      // can be better than the best.
      if (std::string(rival.name) != "nested") {
        EXPECT_LE(last.worth, best * (1 + 1e-12)) << rival.name;
      }
      std::printf("%-10s seed %d: found after %d of %d evaluations\n", rival.name,
                  static_cast<int>(seed), static_cast<int>(last.evaluations),
                  static_cast<int>(outcome.evaluations));
    }
  }
}

TEST_F(Rivals, EqualSeedsSearchAlikeAndOthersDoNot) {
  for (const Rival& rival : rivals()) {
    const Outcome first = run(rival, 7, 90);
    const Outcome again = run(rival, 7, 90);
    const Outcome other = run(rival, 8, 90);
    EXPECT_EQ(first.cost_calls, again.cost_calls) << rival.name;
    ASSERT_EQ(first.improvements.size(), again.improvements.size()) << rival.name;
    for (std::size_t i = 0; i < first.improvements.size(); ++i) {
      EXPECT_EQ(first.improvements[i].evaluations, again.improvements[i].evaluations);
      EXPECT_EQ(first.improvements[i].worth, again.improvements[i].worth);
    }
    EXPECT_EQ(first.cost_calls == other.cost_calls, !rival.is_seeded) << rival.name;
  }
}

TEST_F(Rivals, EveryEvaluationIsCountedOnceAndLimitsHold) {
  for (const Rival& rival : rivals()) {
    const Outcome outcome = run(rival, 1, 75);
    EXPECT_EQ(outcome.evaluations, 75) << rival.name;
    for (std::size_t i = 1; i < outcome.improvements.size(); ++i) {
      const Improvement& before = outcome.improvements[i - 1];
      const Improvement& after = outcome.improvements[i];
      EXPECT_GT(after.worth, before.worth);
      EXPECT_GT(after.evaluations, before.evaluations);
      EXPECT_GT(after.cost_calls, before.cost_calls);
    }
    // By layer-cost calls: the evaluation that passes the limit is the last.
    CountedEvaluatorOptions limited = options;
    limited.limits.cost_calls = outcome.cost_calls / 2;
    CountedEvaluator counted(space, evaluator, limited, no_time);
    run_rival(rival, counted, 1);
    EXPECT_GE(counted.convergence().cost_calls(), limited.limits.cost_calls) << rival.name;
    EXPECT_LT(counted.convergence().evaluations(), 75) << rival.name;
  }
}

TEST_F(Rivals, AnOracleCountsWhatAnyoneWouldCount) {
  CountedEvaluator counted(space, evaluator, options, no_time);
  Evaluator own(tasks, workload.batch(), technology);
  Random random(3);
  std::int64_t calls = 0;
  std::set<Point> seen;
  for (int i = 0; i < 40; ++i) {
    const Point point = counted.draw(random).value();
    const Evaluation alone = own.evaluate(own.chip(space.design(point)));
    if (seen.insert(point).second) calls += alone.cost_calls;
    EXPECT_EQ(counted.fitness(point), alone.throughput);
    EXPECT_EQ(counted.fitness(point), alone.throughput);  // remembered: costs nothing
    EXPECT_EQ(counted.convergence().evaluations(), static_cast<std::int64_t>(seen.size()));
    EXPECT_EQ(counted.convergence().cost_calls(), calls);
  }
  // What the budget does not allow is refused before it is estimated.
  Point largest;
  for (const Axis& axis : space.axes()) largest.push_back(axis.values.size() - 1);
  EXPECT_EQ(counted.fitness(largest), 0);
  EXPECT_EQ(counted.convergence().evaluations(), static_cast<std::int64_t>(seen.size()));
}

TEST_F(Rivals, ADesignThatTheWorkloadDoesNotFitCountsAsWell) {
  const Workload large = load_workload("gpt3_175b", files(), {{"batch", "1"}});
  const Graph step = derive_training_step(large.forward, large.training);
  const TaskGraph large_tasks = build_task_graph(step);
  Evaluator strict(large_tasks, 1, technology);
  CountedEvaluator counted(space, strict, options, no_time);
  EXPECT_EQ(counted.fitness(space.base_point()), 0);
  EXPECT_EQ(counted.convergence().evaluations(), 1);
  EXPECT_TRUE(counted.convergence().improvements().empty());
}

TEST_F(Rivals, AllBeginWithTheDesignsThatTheyAreGiven) {
  options.starts = {space.base_point()};
  const double worth =
      evaluator.evaluate(evaluator.chip(space.design(options.starts[0]))).throughput;
  for (const Rival& rival : rivals()) {
    const Outcome outcome = run(rival, 1, 3);
    EXPECT_EQ(outcome.improvements.front().worth, worth) << rival.name;
    EXPECT_EQ(outcome.improvements.front().evaluations, 1) << rival.name;
  }
}

TEST_F(Rivals, AnInterruptEndsASearchWithWhatItHas) {
  int asked = 0;
  options.is_interrupted = [&asked] { return ++asked > 60; };
  for (const Rival& rival : rivals()) {
    asked = 0;
    CountedEvaluator counted(space, evaluator, options, no_time);
    run_rival(rival, counted, 1);
    EXPECT_TRUE(counted.is_interrupted() || std::string(rival.name) == "phaze") << rival.name;
    EXPECT_LT(counted.convergence().evaluations(), 62) << rival.name;
  }
}

TEST_F(Rivals, BelowTheFloorFitnessLeadsUpToItAndNothingIsAnAnswer) {
  options.objective = Objective::throughput_per_tdp;
  options.throughput_floor.samples_per_second = 1e9;
  CountedEvaluator counted(space, evaluator, options, no_time);
  Random random(1);
  const Point point = counted.draw(random).value();
  EXPECT_GT(counted.fitness(point), 0);
  EXPECT_TRUE(counted.convergence().improvements().empty());
}

// --- layer-cost calls ---------------------------------------------------------------------------

TEST(CostCalls, OfVectorOperatorsAreOnePerSplitAndOnePerRegion) {
  // One relu on 2 vector cores: options for 1 and 2 parts, then the region that was chosen.
  const Workload workload = read_workload(
      parse_config("{name: relu, parameters: {batch: 64}, inputs: {x: {shape: [batch, 65536]}},"
                   " operators: [{name: act, kind: relu, inputs: x}]}",
                   "relu.yaml"),
      files(), "");
  const TaskGraph tasks = build_task_graph(workload.forward);
  const auto technology = std::make_shared<const Technology>(load_technology("16nm", files()));
  const Evaluator evaluator(tasks, workload.batch(), technology);
  ASSERT_EQ(tasks.tasks.size(), 1U);
  const Evaluation e = evaluator.evaluate(evaluator.chip(load_design("tpu_v2", files())));
  EXPECT_EQ(e.cost_calls, 3);
}

TEST_F(Rivals, CallsOfAnEvaluationAreThoseOfItsOptionsAndRegions) {
  const Chip chip = evaluator.chip(base);
  CostCalls options_calls;
  const std::vector<TaskOptions> all = find_options(chip, tasks, {}, &options_calls);
  std::int64_t estimated = 0;
  for (const TaskOptions& of_one : all) {
    for (const TaskOption& option : of_one) estimated += option.reduction ? 2 : 1;
  }
  EXPECT_GT(options_calls.count(), estimated);  // and the mapper's candidates
  CostCalls plan_calls;
  const Plan plan = make_plan(chip, tasks, all).plan;
  estimate_plan(chip, plan, &plan_calls);
  EXPECT_GE(plan_calls.count(), 1);
  EXPECT_LE(plan_calls.count(), static_cast<std::int64_t>(plan.regions.size()));
  EXPECT_EQ(evaluator.evaluate(chip).cost_calls, options_calls.count() + plan_calls.count());
}

TEST_F(Rivals, APartOfTheOptionsStillMakesAPlan) {
  const Chip chip = evaluator.chip(base);
  const std::vector<TaskOptions> all = find_options(chip, tasks);
  std::set<double> times;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::vector<TaskOptions> part = sample_options(all, seed);
    ASSERT_EQ(part.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      ASSERT_FALSE(part[i].empty());
      EXPECT_LE(part[i].size(), all[i].size());
      EXPECT_EQ(part[i].front().parts, all[i].front().parts);
    }
    const Plan plan = make_plan(chip, tasks, part).plan;
    EXPECT_TRUE(validate_plan(graph, chip, plan).empty());
    times.insert(evaluator.evaluate(chip, seed).time.value());
  }
  EXPECT_GT(times.size(), 1U);
}

// --- the parts of Bayesian optimisation
// -----------------------------------------------------------

/// Numbers between -1 and 1 without a pattern.
Eigen::VectorXd some_vector(Random& random, Eigen::Index size) {
  Eigen::VectorXd x(size);
  for (Eigen::Index i = 0; i < size; ++i) x[i] = 2 * random.uniform() - 1;
  return x;
}

// The other way to write the posterior: by the kernel's matrix over the observations.
TEST(LinearProcess, IsTheGaussianProcessOfTheLinearKernel) {
  constexpr double ratio = 0.05;  // of the noise's variance to the weights'
  Random random(5);
  LinearProcess process(3, ratio);
  Eigen::MatrixXd inputs(8, 3);
  Eigen::VectorXd outputs(8);
  for (Eigen::Index i = 0; i < 8; ++i) {
    const Eigen::VectorXd x = some_vector(random, 3);
    inputs.row(i) = x;
    outputs[i] = 2 * x[0] - x[2] + 0.3 * random.uniform();
    process.observe(x, outputs[i]);
  }
  const Eigen::MatrixXd inverse =
      (inputs * inputs.transpose() + ratio * Eigen::MatrixXd::Identity(8, 8)).inverse();
  for (int i = 0; i < 5; ++i) {
    const Eigen::VectorXd x = some_vector(random, 3);
    const Eigen::VectorXd k = inputs * x;
    const LinearProcess::Prediction p = process.predict(x);
    EXPECT_NEAR(p.mean, k.dot(inverse * outputs), 1e-9);
    const double of_weights = (x.dot(x) - k.dot(inverse * k)) / ratio;
    EXPECT_NEAR(p.deviation * p.deviation, process.noise() * (of_weights + 1), 1e-9);
  }
}

TEST(LinearProcess, FindsWhatIsLinearExactly) {
  Random random(6);
  LinearProcess process(3, 1e-9);
  for (int i = 0; i < 20; ++i) {
    const Eigen::VectorXd x = some_vector(random, 3);
    process.observe(x, 3 * x[0] - 2 * x[1] + x[2]);
  }
  EXPECT_NEAR(process.predict(Eigen::Vector3d(1, 1, 1)).mean, 2, 1e-6);
  EXPECT_LT(process.noise(), 1e-9);
}

TEST(ExpectedImprovement, IsTheIntegralOverTheNormalDensity) {
  for (const double mean : {-2.0, 0.0, 0.7}) {
    for (const double deviation : {0.1, 1.0, 3.0}) {
      const double best = 0.5;
      double integral = 0;
      constexpr double step = 1e-3;
      for (double z = -8; z < 8; z += step) {
        const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::acos(-1.0));
        integral += std::max(0.0, mean + deviation * z - best) * density * step;
      }
      EXPECT_NEAR(expected_improvement({mean, deviation}, best), integral, 2e-3);
    }
  }
  EXPECT_EQ(expected_improvement({1, 0}, 0.25), 0.75);
}

TEST_F(Rivals, FeaturesAreThoseOfTheChip) {
  const DomainFeatures features(tasks, options.budget);
  const Eigen::VectorXd v2 = features.of(evaluator.chip(base));
  const auto at = [](const std::string& name) {
    const std::vector<std::string>& names = DomainFeatures::names();
    return std::find(names.begin(), names.end(), name) - names.begin();
  };
  ASSERT_EQ(v2.size(), static_cast<Eigen::Index>(DomainFeatures::names().size()));
  EXPECT_DOUBLE_EQ(v2[at("constant")], 1);
  EXPECT_DOUBLE_EQ(v2[at("PEs")], 15);  // 2 x 128 x 128
  EXPECT_DOUBLE_EQ(v2[at("tensor cores")], 1);
  EXPECT_DOUBLE_EQ(v2[at("vector lanes")], 11);  // 2 x 1,024
  EXPECT_DOUBLE_EQ(v2[at("share of the area")], 1);
  EXPECT_DOUBLE_EQ(v2[at("share of the power")], 1);
  EXPECT_DOUBLE_EQ(v2[at("array fill")], 0);  // all sizes are multiples of 128
  // 1,000 columns fill 7 arrays and 104 columns of the eighth.
  std::string odd = kPerceptron;
  odd.replace(odd.find("1024"), 4, "1000");
  const Workload narrow = read_workload(parse_config(odd, "odd.yaml"), files(), "");
  const TaskGraph narrow_tasks = build_task_graph(narrow.forward);
  const double fill =
      DomainFeatures(narrow_tasks, options.budget).of(evaluator.chip(base))[at("array fill")];
  EXPECT_LT(fill, 0);
  EXPECT_GT(fill, std::log2(1000.0 / 1024.0) - 1e-9);
}

}  // namespace
}  // namespace simdse
