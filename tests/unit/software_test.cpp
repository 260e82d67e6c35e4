// What a framework's kernels and training loop add to a step.
#include "workloads/software.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "models/base/error.h"
#include "models/chip/chip.h"
#include "search/estimate/planned_estimate.h"
#include "search/pipeline/pipeline_memory.h"
#include "search/schedule/task_graph.h"
#include "search/system/rank_work.h"
#include "workloads/graph_builder.h"
#include "workloads/operators/main_gradient.h"
#include "workloads/statistics.h"
#include "workloads/update.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

/// A file with this text, its path.
std::string file_of(const std::string& text) {
  const std::string name = "software_test_" + std::to_string(getpid()) + ".yaml";
  const std::string path = (std::filesystem::temp_directory_path() / name).string();
  std::ofstream(path) << text;
  return path;
}

Workload small_gpt(const std::string& software) {
  return load_workload("gpt2_xl", files(),
                       {{"layers", "2"},
                        {"hidden", "64"},
                        {"heads", "4"},
                        {"vocabulary", "512"},
                        {"positions", "32"},
                        {"batch", "2"},
                        {"software", software}});
}

Graph step_of(const Workload& workload) {
  return derive_training_step(workload.forward, workload.training);
}

std::vector<std::string> kinds_of(const Graph& graph, const OperatorGroup& group) {
  std::vector<std::string> kinds;
  for (const OperatorId op : group) kinds.push_back(graph.op(op).kind->name());
  return kinds;
}

TEST(Software, FusesItsChainsAndNothingElse) {
  const Workload workload = small_gpt("megatron_lm");
  const Graph graph = step_of(workload);
  const KernelRules& rules = workload.training.software.kernels;
  std::map<std::vector<std::string>, int> count;
  for (const OperatorGroup& group : fuse_operators(graph, rules)) {
    const std::vector<std::string> kinds = kinds_of(graph, group);
    ++count[kinds];
    if (kinds.size() == 1) continue;
    EXPECT_NE(std::find(rules.chains->begin(), rules.chains->end(), kinds), rules.chains->end())
        << graph.op(group.front()).name;
  }
  // Of two layers: bias and residual behind attention and feed-forward, GELU, scores.
  EXPECT_EQ((count[{"add", "dropout", "add"}]), 4);
  EXPECT_EQ((count[{"add", "gelu"}]), 2);
  EXPECT_EQ((count[{"contraction", "scale"}]), 2);
  EXPECT_EQ((count[{"softmax_gradient", "scale"}]), 2);
  EXPECT_EQ((count[{"contraction", "accumulate"}]), 0);
  EXPECT_EQ((count[{"softmax"}]), 2);
  // The sum of the embeddings and its dropout begin a chain and don't end it.
  EXPECT_EQ((count[{"add", "dropout"}]), 0);
}

/// A main gradient is there before the product whose kernel adds to it.
TEST(Software, CanAddUpInTheProductsKernel) {
  const Workload workload = small_gpt("megatron_lm");
  const Graph graph = step_of(workload);
  KernelRules rules = workload.training.software.kernels;
  rules.chains->push_back({"contraction", "accumulate"});
  int count = 0;
  for (const OperatorGroup& group : fuse_operators(graph, rules)) {
    count += kinds_of(graph, group) == rules.chains->back();
  }
  EXPECT_EQ(count,
            8);  // queries, keys and values; projection; twice in feed-forward; of two layers
}

TEST(Software, RunsKernelsInOrder) {
  const Workload workload = small_gpt("megatron_lm");
  const Graph graph = step_of(workload);
  const TaskGraph tasks = build_task_graph(graph, workload.training.software.kernels);
  for (std::size_t i = 1; i < tasks.tasks.size(); ++i) {
    const std::vector<TaskId>& before = tasks.tasks[i].predecessors;
    EXPECT_EQ(before.back(), static_cast<TaskId>(i) - 1);
    EXPECT_TRUE(std::adjacent_find(before.begin(), before.end()) == before.end());
  }
}

/// Bytes per parameter that the operators of one kind move for weights of several axes.
double bytes_per_parameter(const Graph& graph, const std::string& kind) {
  Bytes moved;
  std::int64_t parameters = 0;
  for (std::size_t id = 0; id < graph.tensors().size(); ++id) {
    const auto tensor = static_cast<TensorId>(id);
    if (is_trained(graph, tensor) && graph.tensor(tensor).shape.size() > 1) {
      parameters += graph.tensor(tensor).elements();
    }
  }
  for (const Operator& op : graph.operators()) {
    if (op.kind->name() != kind) continue;
    const TensorId tensor = op.inputs.empty() ? op.outputs[0] : op.inputs[0];
    if (graph.tensor(tensor).shape.size() < 2) continue;
    const Work work = graph.work(op.id);
    moved += work.bytes_read() + work.bytes_written();
  }
  return to_double(moved) / static_cast<double>(parameters);
}

/// Mixed precision with fp32 gradients, bf16 weights and fp32 master copy and moments.
TEST(Software, PassesOverGradientsAndWeightsMoveTheBytesOfTheirFormats) {
  const Graph graph = step_of(small_gpt(file_of(
      "schema: 1\nmain_gradients: fp32\nupdate_passes: [unscale, norm, clip, copy, zero]\n")));
  const double scalars = 0.01;  // norms have a sum beside them
  EXPECT_NEAR(bytes_per_parameter(graph, "accumulate"), 2 + 4 + 4, scalars);
  EXPECT_NEAR(bytes_per_parameter(graph, "unscale_pass"), 4 + 4, scalars);
  EXPECT_NEAR(bytes_per_parameter(graph, "norm_pass"), 4, scalars);
  EXPECT_NEAR(bytes_per_parameter(graph, "clip_pass"), 4 + 4, scalars);
  EXPECT_NEAR(bytes_per_parameter(graph, "adam_step"), 4 * 4 + 3 * 4, scalars);
  EXPECT_NEAR(bytes_per_parameter(graph, "copy_pass"), 4 + 2, scalars);
  EXPECT_NEAR(bytes_per_parameter(graph, "zero_pass"), 4, scalars);
}

/// A kernel of a pass goes over the bytes as they lie: the small axes of a convolution's weights,
/// and the single ones of a pointwise one's, make no rows of their own.
TEST(Software, PassesOverConvolutionsAreNoSlowerThanOverMatrices) {
  const std::string software = file_of("schema: 1\nupdate_passes: [norm]\n");
  const Graph graph =
      step_of(load_workload("resnet50", files(), {{"batch", "1"}, {"software", software}}));
  int swept = 0;
  for (const Operator& op : graph.operators()) {
    if (op.kind->name() != "norm_pass") continue;
    const std::vector<std::int64_t>& shape = graph.tensor(op.inputs[0]).shape;
    const VectorShape work = *graph.work(op.id).vector;
    EXPECT_EQ(work.rows, shape.front());
    EXPECT_EQ(work.elements(), graph.tensor(op.inputs[0]).elements());
    swept += shape.size() == 4;
  }
  EXPECT_EQ(swept, 53);  // all of its convolutions
}

/// A pass that reads nothing is planned beside contractions whose partial sums are added up.
TEST(Software, GradientsAreZeroedBesideSplitProducts) {
  const std::string software = file_of("schema: 1\nupdate_passes: [zero]\n");
  const Workload workload =
      load_workload("vgg16", files(), {{"batch", "4"}, {"software", software}});
  const Graph graph = step_of(workload);
  const TaskGraph tasks = build_task_graph(graph, workload.training.software.kernels);
  const PlannedEstimate made = plan_and_estimate(load_chip("tpu_v4", files()), tasks);
  const auto is_sum = [](const Region& region) {
    return !region.contraction && !region.inputs.empty() && region.inputs.front().tensor == kNone;
  };
  const std::vector<Region>& regions = made.planned.plan.regions;
  EXPECT_TRUE(std::any_of(regions.begin(), regions.end(), is_sum));
  EXPECT_EQ(std::count_if(regions.begin(), regions.end(),
                          [](const Region& region) { return region.inputs.empty(); }),
            16);  // one for each of its weights
}

/// 2 bytes of weights, 4 of the main gradient, 12 of the optimizer; a microbatch's own gradient is
/// gone when it has been added.
TEST(Software, HoldsEighteenBytesPerParameter) {
  const GraphStatistics plain = graph_statistics(
      step_of(load_workload("bert_large", files(), {{"layers", "2"}, {"batch", "8"}})));
  const GraphStatistics mixed = graph_statistics(step_of(load_workload(
      "bert_large", files(), {{"layers", "2"}, {"batch", "8"}, {"software", "megatron_lm"}})));
  EXPECT_EQ(mixed.memory.weights, Bytes(2 * mixed.parameters));
  EXPECT_EQ(mixed.memory.gradients, Bytes(4 * mixed.parameters));
  EXPECT_EQ(mixed.memory.optimizer, Bytes(12 * mixed.parameters));
  EXPECT_EQ(mixed.macs, plain.macs);
  EXPECT_EQ(mixed.parameters, plain.parameters);
}

TEST(Software, WithoutAnyAStepIsAsItWas) {
  const Workload workload = load_workload("gpt2_xl", files(), {{"layers", "1"}});
  const Graph graph = step_of(workload);
  for (const Operator& op : graph.operators()) {
    EXPECT_EQ(dynamic_cast<const AccumulateGradient*>(op.kind.get()), nullptr);
    EXPECT_EQ(dynamic_cast<const TensorPass*>(op.kind.get()), nullptr);
  }
}

/// Replicas exchange fp32 gradients in one piece per part, when the chip has computed all.
TEST(Software, ReducesGradientsAfterTheBackwardPass) {
  const Workload workload = small_gpt("megatron_lm");
  Parallelism parallelism;
  parallelism.data = parallelism.chips = 2;
  parallelism.microbatch = 2;
  parallelism.microbatches = 3;
  const Bytes plenty(std::int64_t{1} << 50);
  const DistributedStep step(workload, parallelism,
                             plan_memory(workload, parallelism, plenty).first);
  const RankWorkload work = make_rank_workload(step, RankScope::one_per_place, {0});
  const std::vector<RankNode>& nodes = work.programs.ranks[0].nodes;
  const auto is_exchange = [](const RankNode& node) {
    return node.action == RankAction::collective;
  };
  ASSERT_EQ(std::count_if(nodes.begin(), nodes.end(), is_exchange), 1);
  const auto exchange = std::find_if(nodes.begin(), nodes.end(), is_exchange);
  EXPECT_EQ(exchange->op, CollectiveOp::all_reduce);
  EXPECT_EQ(exchange->bytes, step.parts()[0].parameters * 2);  // fp32 of bf16
  const auto number = static_cast<std::int32_t>(exchange - nodes.begin());
  for (auto node = exchange + 1; node != nodes.end(); ++node) {  // updates alone follow
    EXPECT_NE(std::find(node->after.begin(), node->after.end(), number), node->after.end());
    EXPECT_GE(node->work.piece, static_cast<std::int32_t>(step.pieces().size()));
  }
}

/// Of two tensor-parallel chips, no weight gradient may begin before the exchanges that the
/// gradient of its pass's input comes out of.
TEST(Software, LetsNoWeightGradientRunBesideExchangesOnTheWay) {
  Workload workload = small_gpt("megatron_lm");
  Parallelism parallelism;
  parallelism.tensor = parallelism.chips = 2;
  parallelism.microbatch = 2;
  parallelism.microbatches = 1;
  const Bytes plenty(std::int64_t{1} << 50);
  const auto waiting = [&] {  // weight gradients that wait for an exchange, directly
    const DistributedStep step(workload, parallelism,
                               plan_memory(workload, parallelism, plenty).first);
    std::vector<bool> is_for_weights(step.pieces().size());
    for (const StepNode& node : step.parts()[0].nodes) {
      if (!node.is_collective()) {
        is_for_weights[static_cast<std::size_t>(node.piece)] =
            node.piece_class == PieceClass::weight_gradient;
      }
    }
    const RankWorkload work = make_rank_workload(step, RankScope::one_per_place, {0});
    const std::vector<RankNode>& nodes = work.programs.ranks[0].nodes;
    std::pair<int, int> count;  // of them, of all
    for (const RankNode& node : nodes) {
      const auto piece = static_cast<std::size_t>(node.work.piece);
      const bool is_compute = node.action == RankAction::compute && piece < is_for_weights.size();
      if (!is_compute || !is_for_weights[piece]) continue;
      ++count.second;
      count.first += std::any_of(node.after.begin(), node.after.end(), [&](std::int32_t before) {
        return nodes[static_cast<std::size_t>(before)].action == RankAction::collective;
      });
    }
    return count;
  };
  const auto [in_order, all] = waiting();
  EXPECT_GT(all, 0);
  EXPECT_EQ(in_order, all);
  workload.training.software.exchanges_in_order = false;
  EXPECT_LT(waiting().first, all);
}

std::string message_of(const std::string& text) {
  try {
    load_software(file_of(text), files());
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Software, TellsWhatIsWrong) {
  EXPECT_NE(message_of("schema: 1\nfused: [[add]]\n").find(":2:"), std::string::npos);
  EXPECT_NE(message_of("schema: 1\nupdate_passes: [clipp]\n").find("clip"), std::string::npos);
  EXPECT_NE(message_of("schema: 1\nupdate_passes: [clip, clip]\n").find("twice"),
            std::string::npos);
  EXPECT_NE(message_of("schema: 1\nfused: [[add, gelu], [add, gelu]]\n").find("twice"),
            std::string::npos);
  EXPECT_NE(message_of("schema: 1\nkernel: in_order\n").find("kernels"), std::string::npos);
}

}  // namespace
}  // namespace simdse
