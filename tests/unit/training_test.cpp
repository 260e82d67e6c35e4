// The derivation of the training step.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "workloads/fusion.h"
#include "workloads/statistics.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

class EveryModel : public ::testing::TestWithParam<std::string> {};

std::map<Phase, std::int64_t> macs_by_phase(const Graph& graph) {
  std::map<Phase, std::int64_t> macs;
  for (const Operator& op : graph.operators()) macs[op.phase] += graph.work(op.id).macs();
  return macs;
}

/// True for every tensor that some parameter influences.
std::vector<bool> influenced_tensors(const Graph& graph) {
  std::vector<bool> result;
  for (const Tensor& tensor : graph.tensors()) {
    result.push_back(tensor.role == TensorRole::parameter);
  }
  for (const Operator& op : graph.operators()) {
    for (const TensorId input : op.inputs) {
      for (const TensorId output : op.outputs) result[output] = result[output] || result[input];
    }
  }
  return result;
}

TEST_P(EveryModel, EachOperandThatAParameterInfluencesCostsAForwardPassAgain) {
  const Workload workload = load_workload(GetParam(), files(), {{"batch", "2"}});
  const std::vector<bool> is_influenced = influenced_tensors(workload.forward);
  std::int64_t expected = 0;
  for (const Operator& op : workload.forward.operators()) {
    const std::int64_t macs = workload.forward.work(op.id).macs();
    if (macs == 0) continue;
    ASSERT_EQ(op.inputs.size(), 2U);
    for (const TensorId input : op.inputs) expected += is_influenced[input] ? macs : 0;
  }
  const Graph training = derive_training_step(workload.forward, workload.training);
  auto macs = macs_by_phase(training);
  const std::int64_t forward = graph_statistics(workload.forward).macs;
  EXPECT_EQ(macs[Phase::forward], forward);
  EXPECT_EQ(macs[Phase::input_gradient] + macs[Phase::weight_gradient], expected);
  EXPECT_EQ(graph_statistics(training).macs, forward + expected);
  // What needs no gradient is the product with data from outside, at the beginning, if there is
  // one.
  EXPECT_LE(expected, 2 * forward);
  EXPECT_GT(expected, 2 * forward - forward / 14);
}

TEST_P(EveryModel, BackwardContractionsMirrorForwardOnes) {
  const Workload workload = load_workload(GetParam(), files(), {{"batch", "2"}});
  const Graph training = derive_training_step(workload.forward, workload.training);
  for (const Operator& op : training.operators()) {
    const std::int64_t macs = training.work(op.id).macs();
    if (macs == 0 || op.phase == Phase::forward) continue;
    ASSERT_NE(op.forward, kNone) << op.name;
    const Operator& forward = training.op(op.forward);
    std::int64_t mirrored = training.work(op.forward).macs();
    if (forward.kind->name() == "recurrent_product" && op.phase == Phase::weight_gradient) {
      // One product for the steps together.
      mirrored = 0;
      for (const OperatorId step : training.tensor(forward.inputs[1]).consumers) {
        if (training.op(step).phase == Phase::forward) mirrored += training.work(step).macs();
      }
    }
    EXPECT_EQ(macs, mirrored) << op.name;
  }
}

TEST_P(EveryModel, DoublingTheBatchDoublesTheMacs) {
  const auto total = [&](const char* batch) {
    const Workload workload = load_workload(GetParam(), files(), {{"batch", batch}});
    return graph_statistics(derive_training_step(workload.forward, workload.training)).macs;
  };
  EXPECT_EQ(total("6"), 2 * total("3"));
}

TEST_P(EveryModel, TheBatchGrowsMOfForwardAndInputGradientsAndKOfWeightGradients) {
  const auto products = [&](const char* batch) {
    const Workload workload = load_workload(GetParam(), files(), {{"batch", batch}});
    const Graph training = derive_training_step(workload.forward, workload.training);
    std::map<std::string, std::pair<Phase, ContractionShape>> result;
    for (const Operator& op : training.operators()) {
      const Work work = training.work(op.id);
      if (!work.contraction) continue;
      const Operator& forward = op.forward == kNone ? op : training.op(op.forward);
      // Products of two activations grow in their batch instead.
      const TensorId weights = training.tensor(forward.inputs[1]).storage;
      if (training.tensor(weights).role != TensorRole::parameter) continue;
      result[op.name] = {op.phase, *work.contraction};
    }
    return result;
  };
  const auto small = products("2");
  const auto large = products("4");
  ASSERT_EQ(small.size(), large.size());
  for (const auto& [name, product] : small) {
    ContractionShape expected = product.second;
    (product.first == Phase::weight_gradient ? expected.k : expected.m) *= 2;
    EXPECT_TRUE(large.at(name).second == expected) << name;
  }
}

TEST_P(EveryModel, EveryParameterIsUpdatedOnceAfterItsLastReader) {
  const Workload workload = load_workload(GetParam(), files(), {{"batch", "1"}});
  const Graph graph = derive_training_step(workload.forward, workload.training);
  std::map<TensorId, int> updates;
  for (const Operator& op : graph.operators()) {
    if (op.phase != Phase::update) continue;
    const TensorId parameter = graph.tensor(op.outputs[0]).storage;
    ++updates[parameter];
    for (const OperatorId reader : graph.tensor(parameter).consumers) {
      EXPECT_TRUE(std::count(op.after.begin(), op.after.end(), reader) == 1) << op.name;
    }
  }
  for (std::size_t id = 0; id < graph.tensors().size(); ++id) {
    const Tensor& tensor = graph.tensors()[id];
    if (tensor.role == TensorRole::parameter && tensor.storage == static_cast<TensorId>(id)) {
      EXPECT_EQ(updates[static_cast<TensorId>(id)], 1) << tensor.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Zoo, EveryModel, ::testing::ValuesIn(files().names("workloads/zoo")),
                         [](const auto& test) { return test.param; });

TEST(Training, FirstLayerHasNoInputGradient) {
  const Workload workload = load_workload("resnet50", files(), {{"batch", "1"}});
  const Graph graph = derive_training_step(workload.forward, workload.training);
  EXPECT_THROW(graph.find_operator("conv1.input_gradient"), std::out_of_range);
  EXPECT_NO_THROW(graph.find_operator("conv1.weight_gradient"));
  const auto macs = macs_by_phase(graph);
  const std::int64_t conv1 = graph.work(graph.find_operator("conv1.forward")).macs();
  EXPECT_EQ(conv1, 118'013'952);
  EXPECT_EQ(macs.at(Phase::input_gradient), macs.at(Phase::forward) - conv1);
}

TEST(Training, AdamKeepsSixteenBytesPerParameter) {
  const Workload workload = load_workload("bert_large", files(), {});
  const Graph graph = derive_training_step(workload.forward, workload.training);
  const MemoryNeed memory = graph_statistics(graph).memory;
  const std::int64_t parameters = 335'141'888;
  EXPECT_EQ(memory.weights, Bytes(2 * parameters));
  EXPECT_EQ(memory.gradients, Bytes(2 * parameters));
  EXPECT_EQ(memory.optimizer, Bytes(12 * parameters));
}

TEST(Training, SgdWithoutMasterKeepsNoState) {
  const Workload workload = load_workload(
      "resnet50", files(), {{"batch", "1"}, {"optimizer", "sgd"}, {"format", "fp32"}});
  const Graph graph = derive_training_step(workload.forward, workload.training);
  EXPECT_EQ(graph_statistics(graph).memory.optimizer, Bytes(0));
}

/// Bytes that one more layer keeps from the forward to the backward pass: the difference between
/// the peaks of networks of two and of one layers.
Bytes stash_of_a_layer(const std::string& model, const std::string& recompute, std::int64_t batch,
                       std::int64_t sequence, std::int64_t hidden, std::int64_t heads) {
  const auto peak = [&](int layers) {
    const auto text = [](std::int64_t number) { return std::to_string(number); };
    const Workload workload = load_workload(model, files(),
                                            {{"batch", text(batch)},
                                             {"sequence", text(sequence)},
                                             {"hidden", text(hidden)},
                                             {"heads", text(heads)},
                                             {"layers", text(layers)},
                                             {"positions", text(sequence)},
                                             {"recompute", recompute}});
    return graph_statistics(derive_training_step(workload.forward, workload.training))
        .memory.activations;
  };
  return peak(5) - peak(4);
}

class TransformerStash
    : public ::testing::TestWithParam<std::tuple<const char*, std::array<std::int64_t, 4>>> {};

// Korthikanti et al. 2022, table 2 and equation 1: 16-bit activations, masks of one byte.
TEST_P(TransformerStash, EqualsTheClosedFormToTheByte) {
  const auto& [model, sizes] = GetParam();
  const auto [b, s, h, a] = sizes;
  EXPECT_EQ(stash_of_a_layer(model, "none", b, s, h, a), Bytes(s * b * h * 34 + 5 * a * s * s * b));
  EXPECT_EQ(stash_of_a_layer(model, "selective", b, s, h, a), Bytes(s * b * h * 34));
  EXPECT_EQ(stash_of_a_layer(model, "full", b, s, h, a), Bytes(s * b * h * 2));
}

INSTANTIATE_TEST_SUITE_P(
    Transformers, TransformerStash,
    ::testing::Combine(::testing::Values("gpt2_xl", "bert_large"),
                       ::testing::Values(std::array<std::int64_t, 4>{1, 128, 256, 4},
                                         std::array<std::int64_t, 4>{3, 96, 320, 5},
                                         std::array<std::int64_t, 4>{2, 512, 1024, 16})));

// A ReLU's gradient reads its output, which the next product keeps anyway; a GELU's its input.
TEST(Stash, OfAReluIsSmallerByItsInput) {
  EXPECT_EQ(stash_of_a_layer("opt_1_3b", "selective", 2, 64, 128, 4), Bytes(64 * 2 * 128 * 26));
}

TEST(Recomputation, RunsTheAttentionCoreOrTheLayersAgain) {
  const auto recomputed = [&](const char* mode) {
    const Workload workload =
        load_workload("gpt2_xl", files(), {{"layers", "2"}, {"recompute", mode}});
    return macs_by_phase(
        derive_training_step(workload.forward, workload.training))[Phase::recompute];
  };
  const std::int64_t s = 1024;
  const std::int64_t h = 1600;
  EXPECT_EQ(recomputed("none"), 0);
  EXPECT_EQ(recomputed("selective"), 2 * s * s * h);  // the scores of two layers
  EXPECT_EQ(recomputed("full"), 2 * (12 * s * h * h + 2 * s * s * h));
}

TEST(Recomputation, WaitsForTheBackwardPass) {
  const Workload workload =
      load_workload("gpt2_xl", files(), {{"layers", "2"}, {"recompute", "full"}});
  const Graph graph = derive_training_step(workload.forward, workload.training);
  // Whatever is run again depends, at some distance, on the loss's gradient.
  std::vector<bool> is_behind(graph.operators().size());
  for (const Operator& op : graph.operators()) {
    is_behind[op.id] = op.name == "loss.gradient";
    for (const OperatorId before : graph.predecessors(op.id)) {
      is_behind[op.id] = is_behind[op.id] || is_behind[before];
    }
    if (op.phase != Phase::recompute || op.kind->is_view()) continue;
    EXPECT_TRUE(is_behind[op.id]) << op.name;
  }
}

TEST(Recomputation, TurnsOfOneContractionAreNoSegments) {
  const Workload workload = load_workload("vgg16", files(), {{"recompute", "full"}});
  const Graph graph = derive_training_step(workload.forward, workload.training);
  EXPECT_GT(macs_by_phase(graph)[Phase::recompute], 0);
}

TEST(Training, StepsWaitForReadersThroughViews) {
  GraphBuilder builder({});
  const TensorId x = builder.input("x", {4, 6});
  const TensorId start = builder.linear("start", x, 6, false);
  const TensorId whole = builder.parameter("w", {2, 3, 6});
  const TensorId matrix = builder.reshape("matrix", whole, {6, 6});
  builder.contraction("y", "bi,ij->bj", start, matrix);
  const Graph graph = derive_training_step(builder.take(), {});
  const Operator& update = graph.op(graph.find_operator("w.update"));
  const OperatorId reader = graph.find_operator("y.input_gradient");
  const std::vector<OperatorId> before = graph.predecessors(update.id);
  EXPECT_EQ(std::count(before.begin(), before.end(), reader), 1);
}

// The gradient of a sum is the same tensor for both operands: nobody may add to it in place.
TEST(Training, SharedGradientsAreNotAddedToInPlace) {
  GraphBuilder builder({});
  const TensorId x = builder.bias("start", builder.input("x", {2, 3}), {2, 3});
  const TensorId p = builder.parameter("p", {2, 3});
  const TensorId once = builder.elementwise("f", "add", {x, p});
  builder.elementwise("g", "add", {builder.elementwise("t", "tanh", {once}), p});
  const Graph graph = derive_training_step(builder.take(), {});
  for (const Operator& op : graph.operators()) {
    if (op.phase != Phase::gradient || op.kind->is_view()) continue;
    for (const TensorId output : op.outputs) {
      const Tensor& tensor = graph.tensor(output);
      if (tensor.storage != output) {
        EXPECT_EQ(graph.tensor(tensor.storage).role, TensorRole::parameter_gradient) << op.name;
      }
    }
  }
}

TEST(Training, ATiedWeightHasOneGradient) {
  const Workload workload = load_workload("gpt2_xl", files(), {{"layers", "1"}});
  const GraphStatistics statistics =
      graph_statistics(derive_training_step(workload.forward, workload.training));
  EXPECT_EQ(statistics.memory.gradients, Bytes(2 * statistics.parameters));
  EXPECT_EQ(statistics.memory.gradients, statistics.memory.weights);
}

TEST(Recomputation, CutsAModelWithoutRepetitionsWhereItIsNarrow) {
  const auto activations = [&](const char* mode) {
    const Workload workload =
        load_workload("inception_v3", files(), {{"batch", "4"}, {"recompute", mode}});
    return graph_statistics(derive_training_step(workload.forward, workload.training))
        .memory.activations;
  };
  EXPECT_EQ(activations("selective"), activations("none"));  // there is no attention
  EXPECT_LT(activations("full").value() * 2, activations("none").value());
}

TEST(Fusion, TakesInElementwiseChainsWithinAPhase) {
  const Workload workload = load_workload("bert_large", files(), {{"layers", "1"}});
  const Graph graph = derive_training_step(workload.forward, workload.training);
  const std::vector<OperatorGroup> groups = fuse_operators(graph);
  std::map<std::string, std::size_t> size_of;  // by head
  std::vector<int> runs(graph.operators().size());
  OperatorId last_head = kNone;
  for (const OperatorGroup& group : groups) {
    EXPECT_GT(group.front(), last_head);
    last_head = group.front();
    size_of[graph.op(group.front()).name] = group.size();
    for (const OperatorId op : group) {
      ++runs[op];
      EXPECT_EQ(graph.op(op).phase, graph.op(group.front()).phase);
    }
  }
  for (const Operator& op : graph.operators()) {
    EXPECT_EQ(runs[op.id], op.kind->is_view() ? 0 : 1) << op.name;
  }
  // ffn1 + bias + gelu; scores + scale; softmax + dropout; residual sum + norm.
  EXPECT_EQ(size_of.at("layer0.ffn1.forward"), 3U);
  EXPECT_EQ(size_of.at("layer0.scores.forward"), 2U);
  EXPECT_EQ(size_of.at("layer0.softmax.forward"), 2U);
  EXPECT_EQ(size_of.at("layer0.attention_sum.forward"), 2U);
  // The gradient of gelu reads a saved activation, so no contraction may take it in.
  EXPECT_EQ(size_of.at("layer0.ffn2.input_gradient"), 1U);
  EXPECT_EQ(
      fuse_operators(graph, KernelRules::apart()).size(), groups.size() + [&] {
        std::size_t followers = 0;
        for (const OperatorGroup& group : groups) followers += group.size() - 1;
        return followers;
      }());
}

TEST(Fusion, GroupsAreInTopologicalOrder) {
  const Workload workload = load_workload("resnet50", files(), {{"batch", "1"}});
  const Graph graph = derive_training_step(workload.forward, workload.training);
  std::vector<std::size_t> group_of(graph.operators().size());
  const std::vector<OperatorGroup> groups = fuse_operators(graph);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (const OperatorId op : groups[i]) group_of[op] = i;
  }
  for (const OperatorGroup& group : groups) {
    for (const OperatorId op : group) {
      for (const OperatorId before : graph.predecessors(op)) {
        EXPECT_LE(group_of[before], group_of[op]) << graph.op(op).name;
      }
    }
  }
}

}  // namespace
}  // namespace simdse
