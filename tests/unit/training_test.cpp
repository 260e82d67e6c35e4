// The derivation of the training step.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "workloads/fusion.h"
#include "workloads/statistics.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

class EveryModel : public ::testing::TestWithParam<const char*> {};

std::map<Phase, std::int64_t> macs_by_phase(const Graph& graph) {
  std::map<Phase, std::int64_t> macs;
  for (const Operator& op : graph.operators()) macs[op.phase] += graph.work(op.id).macs();
  return macs;
}

TEST_P(EveryModel, BackwardContractionsMirrorForwardOnes) {
  const Workload workload = load_workload(GetParam(), files(), {{"batch", "2"}});
  const Graph training = derive_training_step(workload.forward, workload.training);
  std::map<OperatorId, std::int64_t> backward;  // by forward operator
  for (const Operator& op : training.operators()) {
    const std::int64_t macs = training.work(op.id).macs();
    if (macs > 0 && op.phase != Phase::forward) {
      ASSERT_NE(op.forward, kNone) << op.name;
      EXPECT_EQ(macs, training.work(op.forward).macs()) << op.name;
      backward[op.forward] += macs;
    }
  }
  // 3 x forward, less what needs no input gradient.
  std::int64_t without_input_gradient = 0;
  for (const auto& [forward, macs] : backward) {
    without_input_gradient += 2 * training.work(forward).macs() - macs;
  }
  auto macs = macs_by_phase(training);
  EXPECT_EQ(graph_statistics(training).macs, 3 * macs[Phase::forward] - without_input_gradient);
  EXPECT_EQ(macs[Phase::forward], graph_statistics(workload.forward).macs);
}

TEST_P(EveryModel, DoublingTheBatchDoublesTheMacs) {
  const auto total = [&](const char* batch) {
    const Workload workload = load_workload(GetParam(), files(), {{"batch", batch}});
    return graph_statistics(derive_training_step(workload.forward, workload.training)).macs;
  };
  EXPECT_EQ(total("6"), 2 * total("3"));
}

TEST_P(EveryModel, TheBatchGrowsMOfForwardAndKOfWeightGradients) {
  const auto shapes = [&](const char* batch, Phase phase) {
    const Workload workload = load_workload(GetParam(), files(), {{"batch", batch}});
    const Graph training = derive_training_step(workload.forward, workload.training);
    std::vector<ContractionShape> result;
    for (const Operator& op : training.operators()) {
      if (op.phase == phase) {
        const Work work = training.work(op.id);
        if (work.contraction) result.push_back(*work.contraction);
      }
    }
    return result;
  };
  const auto small = shapes("2", Phase::weight_gradient);
  const auto large = shapes("4", Phase::weight_gradient);
  ASSERT_EQ(small.size(), large.size());
  for (std::size_t i = 0; i < small.size(); ++i) {
    EXPECT_EQ(large[i].k, 2 * small[i].k);
    EXPECT_EQ(large[i].m, small[i].m);
    EXPECT_EQ(large[i].n, small[i].n);
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

INSTANTIATE_TEST_SUITE_P(Zoo, EveryModel, ::testing::Values("bert_large", "resnet50"));

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
      fuse_operators(graph, false).size(), groups.size() + [&] {
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
