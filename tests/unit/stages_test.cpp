// Pipeline stages: their graphs against the whole one, in numbers and in counts; how they are cut.
#include "workloads/parallel/stages.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <random>

#include "models/base/error.h"
#include "reference/interpreter.h"
#include "workloads/operators/collective.h"
#include "workloads/operators/optimizer.h"
#include "workloads/parallel/tensor_parallel.h"
#include "workloads/statistics.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

Workload load(const std::string& name, const std::vector<Override>& overrides = {}) {
  return load_workload(name, files(), overrides);
}

/// Stages with equally many units each.
std::vector<PipelineStage> even_stages(const Graph& forward, int stages) {
  const std::vector<PipelineUnit> units = pipeline_units(forward);
  CutCosts costs;
  costs.time.assign(units.size(), 1);
  return cut_stages(forward, units, balanced_cut(costs, stages));
}

std::int64_t macs(const Graph& graph) { return graph_statistics(graph).macs; }

struct Case {
  const char* model;
  std::vector<Override> overrides;
  int stages;
};

const std::vector<Override> kSmallGpt = {{"layers", "3"},      {"hidden", "8"},    {"heads", "2"},
                                         {"vocabulary", "20"}, {"positions", "6"}, {"batch", "2"},
                                         {"dropout", "0.2"}};
const std::vector<Override> kSmallLlama = {
    {"layers", "3"},       {"hidden", "8"},      {"heads", "4"},    {"kv_heads", "2"},
    {"intermediate", "6"}, {"vocabulary", "20"}, {"sequence", "4"}, {"batch", "2"}};
const std::vector<Override> kSmallBert = {
    {"layers", "3"},   {"hidden", "8"},    {"heads", "2"}, {"vocabulary", "20"},
    {"sequence", "4"}, {"positions", "4"}, {"batch", "2"}, {"dropout", "0"}};

class StagesInNumbers : public ::testing::TestWithParam<std::tuple<Case, Recomputation>> {};

/// One stage's step on numbers.
struct Runner {
  explicit Runner(const BoundedStep& bounded) : step(bounded), interpreter(step.graph) {}

  void run(bool forward) {
    for (const Operator& op : step.graph.operators()) {
      if ((op.phase == Phase::forward) != forward || collective_of(op) != nullptr) continue;
      if (dynamic_cast<const OptimizerStep*>(op.kind.get()) != nullptr) continue;
      if (dynamic_cast<const Replicate*>(op.kind.get()) != nullptr) {
        interpreter.values(op.outputs[0]) = interpreter.values(op.inputs[0]);
      } else {
        interpreter.run(op);
      }
    }
  }

  const BoundedStep& step;
  Interpreter interpreter;
};

TEST_P(StagesInNumbers, StagesOneAfterAnotherMakeTheGradientsOfTheWholeGraph) {
  const auto& [test, recompute] = GetParam();
  const Workload workload = load(test.model, test.overrides);
  TrainingOptions options;
  options.optimizer = "sgd";
  options.formats.compute = number_format("fp32");
  options.recompute = recompute;
  const Graph whole = derive_training_step(workload.forward, options);
  Interpreter reference(whole);
  std::mt19937 random(3);
  std::normal_distribution<double> normal(0, 0.5);
  std::map<std::string, TensorId> given;
  for (std::size_t id = 0; id < whole.tensors().size(); ++id) {
    const Tensor& tensor = whole.tensors()[id];
    if (tensor.producer != kNone) continue;
    given[tensor.name] = static_cast<TensorId>(id);
    for (std::int64_t i = 0; i < tensor.elements(); ++i) {
      reference.values(static_cast<TensorId>(id))
          .push_back(tensor.format.name == "int32" ? static_cast<double>(random() % 2)
                                                   : normal(random));
    }
  }
  reference.run(false);
  std::map<std::string, Values> expected;
  for (const Operator& op : whole.operators()) {
    if (op.phase == Phase::update) {
      expected[whole.tensor(whole.tensor(op.outputs[0]).storage).name] =
          reference.values(op.inputs[0]);
    }
  }

  const std::vector<PipelineStage> stages = even_stages(workload.forward, test.stages);
  std::vector<BoundedStep> steps;
  for (const PipelineStage& stage : stages) steps.push_back(stage.training_step(options));
  std::vector<Runner> runners(steps.begin(), steps.end());
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const Graph& graph = steps[s].graph;
    for (std::size_t id = 0; id < graph.tensors().size(); ++id) {
      const auto found = given.find(graph.tensors()[id].name);
      if (graph.tensors()[id].producer != kNone || found == given.end()) continue;
      runners[s].interpreter.values(static_cast<TensorId>(id)) = reference.values(found->second);
    }
    for (const StageTensor& input : stages[s].inputs) {
      for (const StageTensor& output : stages[s - 1].outputs) {
        if (output.whole != input.whole) continue;
        runners[s].interpreter.values(input.tensor) =
            runners[s - 1].interpreter.values(output.tensor);
      }
    }
    runners[s].run(true);
  }
  for (std::size_t s = stages.size(); s-- > 0;) {
    std::size_t place = 0;
    for (const StageTensor& output : stages[s].outputs) {
      if (!output.has_gradient) continue;
      const TensorId mine = steps[s].output_gradients[place++];
      std::size_t other = 0;
      for (const StageTensor& input : stages[s + 1].inputs) {
        if (!input.has_gradient) continue;
        const TensorId gradient = steps[s + 1].input_gradients[other++];
        if (input.whole == output.whole) {
          runners[s].interpreter.values(mine) = runners[s + 1].interpreter.values(gradient);
        }
      }
    }
    runners[s].run(false);
  }
  std::map<std::string, Values> found;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const Graph& graph = steps[s].graph;
    for (const Operator& op : graph.operators()) {
      if (op.phase != Phase::update || collective_of(op) != nullptr) continue;
      TensorId gradient = op.inputs[0];
      // What the stages exchange is summed up here.
      const OperatorId producer = graph.tensor(gradient).producer;
      if (collective_of(graph.op(producer)) != nullptr) gradient = graph.op(producer).inputs[0];
      const Values& values = runners[s].interpreter.values(gradient);
      Values& sum = found[graph.tensor(graph.tensor(op.outputs[0]).storage).name];
      sum.resize(values.size());
      for (std::size_t i = 0; i < values.size(); ++i) sum[i] += values[i];
    }
  }
  ASSERT_EQ(found.size(), expected.size());
  for (const auto& [name, values] : expected) {
    ASSERT_EQ(found.at(name).size(), values.size()) << name;
    double size = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_NEAR(found.at(name)[i], values[i], 1e-9) << name;
      size = std::max(size, std::abs(values[i]));
    }
    EXPECT_GT(size, 0) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, StagesInNumbers,
    ::testing::Combine(
        ::testing::Values(Case{"gpt2_xl", kSmallGpt, 2}, Case{"gpt2_xl", kSmallGpt, 5},
                          Case{"llama2_7b", kSmallLlama, 3}, Case{"bert_large", kSmallBert, 4}),
        ::testing::Values(Recomputation::none, Recomputation::selective, Recomputation::full)));

class StagesOf : public ::testing::TestWithParam<const char*> {};

TEST_P(StagesOf, StagesTogetherDoTheWorkOfTheWhole) {
  const Workload workload = load(GetParam(), {{"batch", "2"}});
  const std::vector<PipelineStage> stages = even_stages(workload.forward, 4);
  ASSERT_EQ(stages.size(), 4U);
  std::int64_t forward = 0;
  std::int64_t training = 0;
  std::int64_t parameters = 0;
  std::map<std::string, std::int64_t> tied;
  for (const PipelineStage& stage : stages) {
    forward += macs(stage.forward);
    training += macs(stage.training_step(workload.training).graph);
    for (const Tensor& tensor : stage.forward.tensors()) {
      if (tensor.role != TensorRole::parameter || tensor.producer != kNone) continue;
      parameters += tensor.elements();
      const bool is_tied = std::count(stage.tied.begin(), stage.tied.end(), tensor.name) > 0;
      if (is_tied && tied[tensor.name]++ > 0) parameters -= tensor.elements();
    }
  }
  EXPECT_EQ(forward, macs(workload.forward));
  EXPECT_EQ(training, macs(derive_training_step(workload.forward, workload.training)));
  EXPECT_EQ(parameters, graph_statistics(workload.forward).parameters);
  for (std::size_t s = 1; s < stages.size(); ++s) {
    EXPECT_EQ(stages[s].bytes_in(), stages[s - 1].bytes_out());
    EXPECT_GT(stages[s].bytes_in(), Bytes(0));
  }
  EXPECT_EQ(stages.front().bytes_in(), Bytes(0));
  EXPECT_EQ(stages.back().bytes_out(), Bytes(0));
}

INSTANTIATE_TEST_SUITE_P(Zoo, StagesOf,
                         ::testing::Values("bert_base", "bert_large", "gpt2_xl", "opt_1_3b",
                                           "opt_6_7b", "llama2_7b", "llama2_70b", "gpt3_175b",
                                           "resnet18", "resnet50", "resnext101_32x8d", "vgg16",
                                           "inception_v3", "mobilenet_v3_large", "gnmt"));

TEST(Stages, OneTensorPassesFromLayerToLayer) {
  const Workload workload = load("gpt3_175b");
  const std::int64_t bytes = std::int64_t{2048} * 12288 * 2;
  for (const bool sequence_parallel : {false, true}) {
    TensorParallelOptions options;
    options.degree = 8;
    options.sequence_parallel = sequence_parallel;
    const auto stages = even_stages(shard(workload.forward, options), 8);
    for (std::size_t s = 1; s < stages.size(); ++s) {
      EXPECT_EQ(stages[s].inputs.size(), 1U);
      EXPECT_EQ(stages[s].bytes_in(), Bytes(sequence_parallel ? bytes / 8 : bytes));
    }
  }
}

TEST(Stages, TiedWeightsAreInBothStagesAndSummed) {
  const Workload workload = load("gpt2_xl");
  const auto stages = even_stages(workload.forward, 4);
  EXPECT_EQ(stages[0].tied, std::vector<std::string>{"words.table"});
  EXPECT_EQ(stages[3].tied, std::vector<std::string>{"words.table"});
  EXPECT_TRUE(stages[1].tied.empty());
  for (const std::size_t s : {0U, 3U}) {
    const Graph graph = stages[s].training_step(workload.training).graph;
    int exchanges = 0;
    for (const Operator& op : graph.operators()) {
      const Collective* collective = collective_of(op);
      if (collective == nullptr) continue;
      ++exchanges;
      EXPECT_EQ(collective->group(), CollectiveGroup::tied);
      EXPECT_EQ(collective->ranks(), 2);
      EXPECT_EQ(op.phase, Phase::update);
      EXPECT_EQ(collective->tied_stages(), (TiedStages{0, 3}));
      EXPECT_EQ(graph.tensor(op.inputs[0]).bytes(), Bytes(std::int64_t{50257} * 1600 * 2));
    }
    EXPECT_EQ(exchanges, 1);
  }
  // One stage alone has nothing to exchange.
  EXPECT_TRUE(even_stages(workload.forward, 1)[0].tied.empty());
}

/// The least slowest stage over all cuts that fit, by trying them all.
double least_by_trial(const CutCosts& costs, std::size_t begin, int stage, int stages) {
  const std::size_t units = costs.time.size();
  double least = std::numeric_limits<double>::infinity();
  double time = 0;
  for (std::size_t end = begin + 1; end <= units; ++end) {
    time += costs.time[end - 1];
    if (costs.excess && costs.excess(begin, end, stage) > Bytes(0)) continue;
    if (stage + 1 == stages) {
      if (end == units) least = std::min(least, time);
    } else if (end < units) {
      least = std::min(least, std::max(time, least_by_trial(costs, end, stage + 1, stages)));
    }
  }
  return least;
}

TEST(BalancedCut, IsTheBestOfAllCutsThatFit) {
  std::mt19937 random(5);
  int refused = 0;
  for (int trial = 0; trial < 300; ++trial) {
    CutCosts costs;
    const std::size_t units = 3 + random() % 6;
    const int stages = 1 + static_cast<int>(random() % 3);
    std::vector<std::int64_t> bytes;
    for (std::size_t i = 0; i < units; ++i) {
      costs.time.push_back(1 + static_cast<double>(random() % 20));
      bytes.push_back(1 + random() % 20);
    }
    const std::int64_t capacity = 20 + random() % 60;
    costs.excess = [&](std::size_t begin, std::size_t end, int stage) {
      // Earlier stages hold more.
      const std::int64_t need =
          std::accumulate(bytes.begin() + begin, bytes.begin() + end, std::int64_t{0}) *
          (stages - stage);
      return Bytes(std::max<std::int64_t>(0, need - capacity));
    };
    const double expected = least_by_trial(costs, 0, 0, stages);
    if (std::isinf(expected)) {
      EXPECT_THROW(balanced_cut(costs, stages), InputError);
      ++refused;
      continue;
    }
    const std::vector<std::size_t> first = balanced_cut(costs, stages);
    double slowest = 0;
    for (std::size_t s = 0; s < first.size(); ++s) {
      const std::size_t end = s + 1 < first.size() ? first[s + 1] : units;
      EXPECT_LT(first[s], end);
      EXPECT_EQ(costs.excess(first[s], end, static_cast<int>(s)), Bytes(0));
      slowest = std::max(
          slowest, std::accumulate(costs.time.begin() + first[s], costs.time.begin() + end, 0.0));
    }
    EXPECT_EQ(slowest, expected);
  }
  EXPECT_GT(refused, 10);
  EXPECT_LT(refused, 200);
}

TEST(BalancedCut, LayersAreDealtOutEvenlyWhereOneStageIsSlowAnyway) {
  CutCosts costs;
  costs.time = {1, 1, 1, 1, 1, 1, 9};
  EXPECT_EQ(balanced_cut(costs, 4), (std::vector<std::size_t>{0, 2, 4, 6}));
}

TEST(BalancedCut, SaysWhatIsWrong) {
  CutCosts costs;
  costs.time = {1, 1, 1};
  const auto message = [&](int stages) -> std::string {
    try {
      balanced_cut(costs, stages);
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message(4),
            "the network can be cut into 3 parts at most, which are too few for 4 pipeline stages");
  costs.excess = [](std::size_t begin, std::size_t end, int) {
    return Bytes(static_cast<std::int64_t>(end - begin) * 1'000'000'000);
  };
  EXPECT_EQ(message(3),
            "no cut into 3 pipeline stages fits the chips' memory: at best, stage 0 needs 953.7 "
            "MiB too much");
}

TEST(GivenCut, BeginsStagesWithTurns) {
  const Graph forward = load("gpt2_xl").forward;
  const std::vector<PipelineUnit> units = pipeline_units(forward);
  EXPECT_EQ(units.size(), 50U);
  EXPECT_EQ(given_cut(units, {12, 24}), (std::vector<std::size_t>{0, 13, 25}));
  EXPECT_THROW(given_cut(units, {0}), InputError);
  EXPECT_THROW(given_cut(units, {24, 12}), InputError);
  EXPECT_THROW(given_cut(units, {48}), InputError);
}

}  // namespace
}  // namespace simdse
