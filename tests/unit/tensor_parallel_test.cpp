// Tensor parallelism: the sharded graph against the whole one, in numbers and in counts.
#include "workloads/parallel/tensor_parallel.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "models/base/error.h"
#include "reference/group_interpreter.h"
#include "workloads/operators/collective.h"
#include "workloads/statistics.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

Workload load(const std::string& name, const std::vector<Override>& overrides = {}) {
  return load_workload(name, files(), overrides);
}

Graph sharded(const Graph& forward, std::int64_t degree, bool sequence_parallel = false) {
  TensorParallelOptions options;
  options.degree = degree;
  options.sequence_parallel = sequence_parallel;
  return shard(forward, options);
}

std::string refusal(const Graph& forward, std::int64_t degree, bool sequence_parallel = false) {
  try {
    sharded(forward, degree, sequence_parallel);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

/// Collectives by phase and operation.
std::map<std::pair<Phase, CollectiveOp>, int> collectives(const Graph& graph) {
  std::map<std::pair<Phase, CollectiveOp>, int> counts;
  for (const Operator& op : graph.operators()) {
    if (const Collective* c = collective_of(op)) ++counts[{op.phase, c->operation()}];
  }
  return counts;
}

constexpr auto kAllReduce = CollectiveOp::all_reduce;
constexpr auto kAllGather = CollectiveOp::all_gather;
constexpr auto kReduceScatter = CollectiveOp::reduce_scatter;

struct Case {
  const char* model;
  std::vector<Override> overrides;
  std::int64_t degree;
};

const std::vector<Override> kSmallGpt = {{"layers", "2"},      {"hidden", "8"},    {"heads", "4"},
                                         {"vocabulary", "32"}, {"positions", "8"}, {"batch", "2"},
                                         {"dropout", "0"}};
const std::vector<Override> kSmallLlama = {
    {"layers", "2"},       {"hidden", "16"},     {"heads", "4"},    {"kv_heads", "2"},
    {"intermediate", "6"}, {"vocabulary", "32"}, {"sequence", "4"}, {"batch", "2"}};
const std::vector<Override> kSmallBert = {
    {"layers", "2"},   {"hidden", "8"},    {"heads", "2"}, {"vocabulary", "32"},
    {"sequence", "4"}, {"positions", "4"}, {"batch", "2"}, {"dropout", "0"}};

/// A network in the style of other frameworks' exports (heads by reshape and transpose), with
/// attention and feed-forward network side by side: nothing that the zoo has.
const char* const kOtherStyle = R"(schema: 1
parameters: {batch: 2, sequence: 4, hidden: 8, heads: 2}
inputs:
  x: {shape: [batch, sequence, hidden]}
  target: {shape: [batch, sequence, hidden]}
operators:
  - {name: norm, kind: layer_norm, inputs: x}
  - {name: q, kind: linear, inputs: norm, features: hidden}
  - {name: k, kind: linear, inputs: norm, features: hidden, bias: false}  # its gradient would be 0
  - {name: v, kind: linear, inputs: norm, features: hidden}
  - {name: q_apart, kind: reshape, inputs: q, shape: [batch, sequence, heads, hidden / heads]}
  - {name: q_heads, kind: transpose, order: [0, 2, 1, 3]}
  - {name: k_apart, kind: reshape, inputs: k, shape: [batch, sequence, heads, hidden / heads]}
  - {name: k_heads, kind: transpose, order: [0, 2, 3, 1]}
  - {name: v_apart, kind: reshape, inputs: v, shape: [batch, sequence, heads, hidden / heads]}
  - {name: v_heads, kind: transpose, order: [0, 2, 1, 3]}
  - {name: scores, kind: contraction, inputs: [q_heads, k_heads], equation: "bnqd,bndk->bnqk"}
  - {name: softmax, kind: softmax}
  - {name: context, kind: contraction, inputs: [softmax, v_heads], equation: "bnqk,bnkd->bnqd"}
  - {name: back, kind: transpose, order: [0, 2, 1, 3]}
  - {name: joined, kind: reshape, shape: [batch, sequence, hidden]}
  - {name: projection, kind: linear, features: hidden}
  - {name: up, kind: linear, inputs: norm, features: 4 * hidden}
  - {name: gelu, kind: gelu}
  - {name: down, kind: linear, features: hidden}
  - {name: both, kind: add, inputs: [projection, down]}
  - {name: sum, kind: add, inputs: [both, x]}
  - {name: head, kind: linear, features: 6}
  - {name: tanh, kind: tanh}
  - {name: out, kind: linear, features: hidden}
  - {name: loss, kind: squared_error, inputs: [out, target]}
)";

/// The zoo's networks by name, and "other_style".
Workload load_any(const std::string& name, const std::vector<Override>& overrides) {
  if (name != "other_style") return load(name, overrides);
  const std::string path =
      ::testing::TempDir() + "other_style_" + std::to_string(::getpid()) + ".yaml";
  std::ofstream(path) << kOtherStyle;
  Workload workload = load(path, overrides);
  std::filesystem::remove(path);
  return workload;
}

std::vector<Override> with(std::vector<Override> values, const Override& more) {
  values.push_back(more);
  return values;
}

/// Numbers of a training step: the loss, and each parameter's gradient.
struct Step {
  Values losses;
  std::map<std::string, Values> gradients;
};

TrainingOptions plain_options(Recomputation recompute) {
  TrainingOptions options;
  options.optimizer = "sgd";
  options.formats.compute = number_format("fp32");
  options.recompute = recompute;
  return options;
}

/// Values for everything that is given from outside, by name.
std::map<std::string, Values> given_values(const Graph& graph) {
  std::map<std::string, Values> result;
  std::mt19937 random(7);
  std::normal_distribution<double> normal(0, 0.5);
  for (const Tensor& tensor : graph.tensors()) {
    if (tensor.producer != kNone) continue;
    const bool is_index = tensor.format.name == "int32";
    Values& values = result[tensor.name];
    for (std::int64_t i = 0; i < tensor.elements(); ++i) {
      values.push_back(is_index ? static_cast<double>(random() % 2 * (random() % 16))
                                : normal(random));
    }
    if (tensor.name == "type_ids" || tensor.name == "position_ids") {
      for (double& value : values) value = value > 0 ? 1 : 0;
    }
  }
  return result;
}

/// Runs one chip's step on all chips and puts the results together. `reference` has the shapes of
/// the whole tensors.
Step run(const Graph& graph, const Graph& reference, std::int64_t ranks,
         const std::map<std::string, Values>& given) {
  std::map<std::string, Shape> shapes;
  for (const Tensor& tensor : reference.tensors()) shapes[tensor.name] = tensor.shape;
  GroupInterpreter group(graph, ranks);
  for (std::size_t id = 0; id < graph.tensors().size(); ++id) {
    const Tensor& tensor = graph.tensors()[id];
    if (tensor.producer == kNone) {
      group.give(static_cast<TensorId>(id), shapes.at(tensor.name), given.at(tensor.name));
    }
  }
  group.run();
  Step step;
  double difference = 0;
  for (const Operator& op : graph.operators()) {
    if (op.phase == Phase::forward && op.kind->is_loss()) {
      step.losses.push_back(group.whole(op.outputs[0], {1}, difference)[0]);
    }
    if (op.phase != Phase::update || collective_of(op) != nullptr) continue;
    const std::string& parameter = graph.tensor(graph.tensor(op.outputs[0]).storage).name;
    step.gradients[parameter] = group.whole(op.inputs[0], shapes.at(parameter), difference);
  }
  EXPECT_LT(difference, 1e-9) << "chips that should have the same differ";
  return step;
}

class InNumbers : public ::testing::TestWithParam<std::tuple<Case, bool, Recomputation>> {};

TEST_P(InNumbers, ChipsTogetherMakeTheGradientsOfTheWholeGraph) {
  const auto& [test, sequence_parallel, recompute] = GetParam();
  const Workload workload = load_any(test.model, test.overrides);
  const TrainingOptions options = plain_options(recompute);
  const Graph whole = derive_training_step(workload.forward, options);
  const Graph part =
      derive_training_step(sharded(workload.forward, test.degree, sequence_parallel), options);
  const auto given = given_values(whole);
  const Step expected = run(whole, whole, 1, given);
  const Step found = run(part, whole, test.degree, given);
  ASSERT_FALSE(expected.losses.empty());
  ASSERT_EQ(found.losses.size(), expected.losses.size());
  for (std::size_t i = 0; i < expected.losses.size(); ++i) {
    EXPECT_NEAR(found.losses[i], expected.losses[i], 1e-9);
  }
  ASSERT_EQ(found.gradients.size(), expected.gradients.size());
  for (const auto& [parameter, gradient] : expected.gradients) {
    const Values& other = found.gradients.at(parameter);
    ASSERT_EQ(other.size(), gradient.size()) << parameter;
    double error = 0;
    double size = 0;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      error = std::max(error, std::abs(other[i] - gradient[i]));
      size = std::max(size, std::abs(gradient[i]));
    }
    EXPECT_LT(error, 1e-9 * (1 + size)) << parameter;
    EXPECT_GT(size, 1e-9) << parameter;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, InNumbers,
    ::testing::Combine(
        ::testing::Values(Case{"gpt2_xl", kSmallGpt, 2}, Case{"gpt2_xl", kSmallGpt, 4},
                          Case{"gpt2_xl", with(kSmallGpt, {"fused_attention", "1"}), 2},
                          Case{"llama2_7b", kSmallLlama, 2},
                          Case{"llama2_7b", with(kSmallLlama, {"fused_attention", "1"}), 2},
                          Case{"bert_large", kSmallBert, 2}, Case{"other_style", {}, 2}),
        ::testing::Bool(),
        ::testing::Values(Recomputation::none, Recomputation::selective, Recomputation::full)));

struct Transformer {
  const char* model;
  std::vector<Override> overrides;
  std::int64_t degree;
  int layers;
};

class EveryTransformer : public ::testing::TestWithParam<std::tuple<Transformer, bool>> {
 protected:
  EveryTransformer()
      : test_(std::get<0>(GetParam())),
        sequence_parallel_(std::get<1>(GetParam())),
        workload_(load(test_.model, test_.overrides)),
        forward_(sharded(workload_.forward, test_.degree, sequence_parallel_)) {}

  Graph step() const { return derive_training_step(forward_, workload_.training); }

  const Transformer& test_;
  bool sequence_parallel_;
  Workload workload_;
  Graph forward_;
};

/// MACs of each phase but those of operators of whose weights every chip has the whole.
std::map<Phase, std::int64_t> split_macs(const Graph& graph) {
  std::map<Phase, std::int64_t> macs;
  for (const Operator& op : graph.operators()) {
    if (op.name.rfind("pooler", 0) != 0) macs[op.phase] += graph.work(op.id).macs();
  }
  return macs;
}

TEST_P(EveryTransformer, ProductsAreSharedOutWithoutRest) {
  const Graph whole = derive_training_step(workload_.forward, workload_.training);
  auto expected = split_macs(whole);
  for (const auto& [phase, macs] : split_macs(step())) {
    EXPECT_EQ(macs * test_.degree, expected[phase]) << phase_name(phase);
  }
}

TEST_P(EveryTransformer, ALayerHasTwoExchangesForwardAndTwoBackward) {
  // Without the first and last layers' surroundings: the difference of one more layer.
  std::vector<Override> shorter = test_.overrides;
  for (Override& value : shorter) {
    if (value.path == "layers") value.value = std::to_string(test_.layers - 1);
  }
  const Graph long_step = step();
  const Graph short_step = derive_training_step(
      sharded(load(test_.model, shorter).forward, test_.degree, sequence_parallel_),
      workload_.training);
  auto counts = collectives(long_step);
  for (const auto& [key, count] : collectives(short_step)) counts[key] -= count;
  const auto count = [&](Phase phase, CollectiveOp op) { return counts[{phase, op}]; };
  if (sequence_parallel_) {
    EXPECT_EQ(count(Phase::forward, kReduceScatter), 2);
    EXPECT_EQ(count(Phase::forward, kAllGather), 2);
    EXPECT_EQ(count(Phase::gradient, kReduceScatter), 2);
    EXPECT_EQ(count(Phase::gradient, kAllGather), 2);
    EXPECT_EQ(count(Phase::recompute, kAllGather), 2);  // for the weights' gradients
    EXPECT_EQ(count(Phase::forward, kAllReduce) + count(Phase::gradient, kAllReduce), 0);
    EXPECT_GT(count(Phase::update, kAllReduce), 0);  // of norms
  } else {
    EXPECT_EQ(count(Phase::forward, kAllReduce), 2);
    EXPECT_EQ(count(Phase::gradient, kAllReduce), 2);
    EXPECT_EQ(count(Phase::update, kAllReduce) + count(Phase::recompute, kAllReduce), 0);
  }
}

TEST_P(EveryTransformer, EachExchangeOfALayerHasTheBytesOfItsActivations) {
  const auto& values = workload_.parameters;
  const auto activations =
      static_cast<std::int64_t>(values.at("batch") * values.at("sequence") * values.at("hidden")) *
      2;
  const Graph graph = step();
  for (const Operator& op : graph.operators()) {
    const Collective* collective = collective_of(op);
    if (collective == nullptr || op.name.rfind("layer", 0) != 0 || op.phase == Phase::update)
      continue;
    const bool is_gather = collective->operation() == CollectiveOp::all_gather;
    const TensorId whole = is_gather ? op.outputs[0] : op.inputs[0];
    EXPECT_EQ(graph.tensor(whole).bytes(), Bytes(activations)) << op.name;
    EXPECT_EQ(collective->ranks(), test_.degree);
  }
}

TEST_P(EveryTransformer, ParametersAreSharedOutButNormsAndTheLike) {
  std::int64_t split = 0;
  std::int64_t whole = 0;
  std::map<std::string, std::int64_t> sizes;
  for (const Tensor& tensor : workload_.forward.tensors()) {
    if (tensor.role == TensorRole::parameter) sizes[tensor.name] = tensor.elements();
  }
  for (const Tensor& tensor : forward_.tensors()) {
    if (tensor.role != TensorRole::parameter || tensor.producer != kNone) continue;
    const std::int64_t size = sizes.at(tensor.name);
    const bool is_split = size == tensor.elements() * test_.degree;
    EXPECT_TRUE(is_split || size == tensor.elements()) << tensor.name;
    (is_split ? split : whole) += size;
    if (is_split) continue;
    // Norms, biases behind row-parallel weights, positions, token types, the pooler.
    const bool is_small = tensor.shape.size() == 1 || tensor.name.rfind("positions", 0) == 0 ||
                          tensor.name.rfind("types", 0) == 0 || tensor.name.rfind("pooler", 0) == 0;
    EXPECT_TRUE(is_small) << tensor.name;
  }
  EXPECT_EQ(graph_statistics(forward_).parameters, split / test_.degree + whole);
}

TEST_P(EveryTransformer, SequenceParallelismHasNoWholeActivationBetweenParts) {
  if (!sequence_parallel_) return;
  for (const Operator& op : forward_.operators()) {
    if (op.kind->name() != "layer_norm" && op.kind->name() != "rms_norm") continue;
    const Tensor& x = forward_.tensor(op.inputs[0]);
    EXPECT_EQ(x.shape[1] * test_.degree,
              static_cast<std::int64_t>(workload_.parameters.at("sequence")))
        << op.name;
  }
}

std::vector<Override> layers(int count) { return {{"layers", std::to_string(count)}}; }

INSTANTIATE_TEST_SUITE_P(
    Zoo, EveryTransformer,
    ::testing::Combine(
        ::testing::Values(
            Transformer{"gpt3_175b", with(layers(2), {"vocabulary", "51200"}), 8, 2},
            Transformer{"gpt2_xl",
                        with(with(layers(2), {"vocabulary", "50260"}), {"sequence", "1000"}), 5, 2},
            Transformer{"opt_6_7b", layers(2), 4, 2}, Transformer{"opt_1_3b", layers(2), 2, 2},
            Transformer{"llama2_7b", layers(2), 8, 2}, Transformer{"llama2_70b", layers(2), 8, 2},
            Transformer{"llama2_70b", with(layers(2), {"fused_attention", "1"}), 8, 2},
            Transformer{"bert_base", with(layers(2), {"vocabulary", "30528"}), 4, 2},
            Transformer{"bert_large", with(layers(2), {"vocabulary", "30528"}), 16, 2}),
        ::testing::Bool()));

TEST(TensorParallel, DegreeOneIsTheGraphItself) {
  const Workload workload = load("gpt2_xl", layers(2));
  const Graph graph = sharded(workload.forward, 1, true);
  EXPECT_EQ(graph.operators().size(), workload.forward.operators().size());
  EXPECT_EQ(graph_statistics(graph).parameters, graph_statistics(workload.forward).parameters);
  EXPECT_TRUE(collectives(graph).empty());
}

TEST(TensorParallel, TheVocabularyIsPaddedAsInMegatron) {
  const Workload workload = load("gpt3_175b", layers(1));  // 50257 words
  const Graph graph = sharded(workload.forward, 8);
  std::map<std::string, Shape> shapes;
  for (const Tensor& tensor : graph.tensors()) shapes[tensor.name] = tensor.shape;
  EXPECT_EQ(shapes.at("words.table"), (Shape{51200 / 8, 12288}));
  EXPECT_EQ(shapes.at("logits"), (Shape{1, 2048, 51200 / 8}));
}

TEST(TensorParallel, TheLayerOfTheZooIsTheSameAsItsShardByHand) {
  const Graph found = sharded(load("gpt3_175b_layer").forward, 8);
  const Graph by_hand = load("gpt3_175b_layer", {{"shards", "8"}}).forward;
  EXPECT_EQ(graph_statistics(found).macs, graph_statistics(by_hand).macs);
  EXPECT_EQ(graph_statistics(found).parameters, graph_statistics(by_hand).parameters);
  EXPECT_EQ(graph_statistics(found).operators, graph_statistics(by_hand).operators + 2);
}

TEST(TensorParallel, WhatDoesNotDivideIsNamed) {
  EXPECT_EQ(refusal(load("gpt2_xl", layers(1)).forward, 4),
            "tensor parallelism: the degree 4 does not divide the 25 attention heads of "
            "'layer0.qkv.weight' (axis 2 of [1600, 3, 25, 64])");
  EXPECT_EQ(refusal(load("llama2_70b", layers(1)).forward, 16),
            "tensor parallelism: the degree 16 does not divide the 8 attention heads of "
            "'layer0.query.weight' (axis 1 of [8192, 8, 8, 128])");
  EXPECT_EQ(refusal(load("llama2_7b", with(layers(1), {"intermediate", "11009"})).forward, 8),
            "tensor parallelism: the degree 8 does not divide the 11009 features of "
            "'layer0.gate.weight' (axis 1 of [4096, 11009])");
  const std::string sequence =
      refusal(load("gpt2_xl", with(layers(1), {"sequence", "1001"})).forward, 5, true);
  EXPECT_EQ(sequence,
            "tensor parallelism with sequence_parallel: the degree 5 does not divide axis 1 of "
            "'words' [1, 1001, 1600]");
  // A sequence is not padded because it is as long as the vocabulary, which is.
  const std::vector<Override> equal = {
      {"layers", "1"}, {"vocabulary", "1001"}, {"sequence", "1001"}};
  EXPECT_EQ(refusal(load("gpt2_xl", equal).forward, 5, true), sequence);
}

TEST(TensorParallel, WhatLeadsToOneSumIsReducedOnce) {
  const Graph step = derive_training_step(sharded(load_any("other_style", {}).forward, 2), {});
  auto counts = collectives(step);
  EXPECT_EQ((counts[{Phase::forward, kAllReduce}]), 3);  // projection, down, out
  EXPECT_EQ((counts[{Phase::gradient, kAllReduce}]),
            2);  // what q, k, v and up read; what head reads
  EXPECT_EQ(refusal(load_any("other_style", {}).forward, 4),
            "tensor parallelism: the degree 4 does not divide axis 2 of 'q_apart' [2, 4, 2, 4]");
}

TEST(TensorParallel, OtherNetworksAreRefusedByName) {
  EXPECT_EQ(refusal(load("resnet50").forward, 2),
            "tensor parallelism has no rule for operator 'conv1' of kind convolution: this network "
            "can be split by pipeline stages and by data only");
  EXPECT_NE(refusal(load("gnmt").forward, 2).find("no rule for operator"), std::string::npos);
}

}  // namespace
}  // namespace simdse
