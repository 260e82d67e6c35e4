// Pieces: the compute of a stage's step between its exchanges.
#include "workloads/parallel/pieces.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "workloads/graph_builder.h"
#include "workloads/operators/keep.h"
#include "workloads/parallel/tensor_parallel.h"
#include "workloads/statistics.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

/// A network on tensor-parallel groups in a pipeline, cut into pieces.
struct CutNetwork {
  CutNetwork(const std::string& model, const std::vector<Override>& overrides, std::int64_t tensor,
             bool sequence_parallel, int pipeline, Recomputation recompute,
             const PieceOptions& pieces = {})
      : workload(load_workload(model, files(), overrides)) {
    workload.training.recompute = recompute;
    TensorParallelOptions options;
    options.degree = tensor;
    options.sequence_parallel = sequence_parallel;
    const Graph forward = shard(workload.forward, options);
    const std::vector<PipelineUnit> units = pipeline_units(forward);
    CutCosts costs;
    costs.time.assign(units.size(), 1);
    stages = cut_stages(forward, units, balanced_cut(costs, pipeline));
    for (const PipelineStage& stage : stages) {
      steps.push_back(stage.training_step(workload.training));
    }
    for (std::size_t s = 0; s < stages.size(); ++s) {
      nodes.push_back(cut_into_pieces(stages[s], steps[s], book, pieces));
    }
  }

  Workload workload;
  std::vector<PipelineStage> stages;
  std::vector<BoundedStep> steps;
  PieceBook book;
  std::vector<std::vector<StepNode>> nodes;
};

struct Case {
  const char* model;
  std::vector<Override> overrides;
  std::int64_t tensor;
  bool sequence_parallel;
  int pipeline;
  Recomputation recompute;
  PieceOptions pieces = {};
};

class PiecesOf : public ::testing::TestWithParam<Case> {
 protected:
  PiecesOf()
      : network(GetParam().model, GetParam().overrides, GetParam().tensor,
                GetParam().sequence_parallel, GetParam().pipeline, GetParam().recompute,
                GetParam().pieces) {}

  CutNetwork network;
};

/// Of networks whose number of layers can be chosen.
class PiecesOfLayers : public PiecesOf {};
/// Where neither exchanges nor layers cut a stage.
class PiecesOfWholeStages : public PiecesOf {};

TEST_P(PiecesOf, HaveEveryOperatorOnceInAnOrderThatCanRun) {
  for (std::size_t s = 0; s < network.stages.size(); ++s) {
    const Graph& graph = network.steps[s].graph;
    const std::vector<StepNode>& nodes = network.nodes[s];
    std::map<OperatorId, std::size_t> node_of;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      for (const OperatorId op : nodes[i].operators) {
        EXPECT_TRUE(node_of.emplace(op, i).second) << graph.op(op).name;
        EXPECT_FALSE(graph.op(op).kind->is_view());
        EXPECT_EQ(collective_of(graph.op(op)) != nullptr, nodes[i].is_collective());
      }
      for (const std::size_t before : nodes[i].after) EXPECT_LT(before, i);
    }
    for (const Operator& op : graph.operators()) {
      if (op.kind->is_view()) continue;
      ASSERT_EQ(node_of.count(op.id), 1U) << op.name;
      const std::size_t node = node_of[op.id];
      for (const OperatorId before : graph.predecessors(op.id)) {
        const std::size_t other = node_of[before];
        if (other == node) continue;
        const auto& after = nodes[node].after;
        EXPECT_EQ(std::count(after.begin(), after.end(), other), 1) << op.name;
      }
    }
  }
}

TEST_P(PiecesOf, DoTheWorkOfTheStep) {
  for (std::size_t s = 0; s < network.stages.size(); ++s) {
    const Graph& graph = network.steps[s].graph;
    std::int64_t macs = 0;
    std::int64_t operators = 0;
    for (const StepNode& node : network.nodes[s]) {
      if (node.is_collective()) {
        operators += static_cast<std::int64_t>(node.operators.size());
        continue;
      }
      const GraphStatistics piece = graph_statistics(network.book.piece(node.piece));
      macs += piece.macs;
      operators += piece.operators;
      EXPECT_EQ(piece.operators, static_cast<std::int64_t>(node.operators.size())) << node.name;
    }
    const GraphStatistics whole = graph_statistics(graph);
    EXPECT_EQ(macs, whole.macs);
    EXPECT_EQ(operators, whole.operators);
  }
}

TEST_P(PiecesOf, KeepAllThatOthersRead) {
  for (std::size_t s = 0; s < network.stages.size(); ++s) {
    const Graph& graph = network.steps[s].graph;
    for (const StepNode& node : network.nodes[s]) {
      if (node.is_collective()) continue;
      const Graph& piece = network.book.piece(node.piece);
      const std::vector<bool> kept = kept_tensors(piece);
      const std::set<OperatorId> members(node.operators.begin(), node.operators.end());
      // Operators of a piece stand in the step's order; views are left out on both sides.
      auto mine = piece.operators().begin();
      for (const OperatorId id : node.operators) {
        while (mine->kind->is_view()) ++mine;
        const Operator& op = graph.op(id);
        ASSERT_EQ(mine->outputs.size(), op.outputs.size());
        for (std::size_t i = 0; i < op.outputs.size(); ++i) {
          const TensorId storage = graph.tensor(op.outputs[i]).storage;
          bool is_read_outside = false;
          for (const Operator& reader : graph.operators()) {
            if (reader.kind->is_view() || members.count(reader.id) != 0) continue;
            for (const TensorId input : reader.inputs) {
              is_read_outside = is_read_outside || graph.tensor(input).storage == storage;
            }
          }
          const Tensor& tensor = piece.tensor(mine->outputs[i]);
          if (is_read_outside) {
            EXPECT_TRUE(tensor.consumers.empty() || kept[tensor.storage]) << op.name;
          }
        }
        ++mine;
      }
    }
  }
}

// Layers share theirs: what there is once is at the ends of the network, so that twice the layers
// have no piece more.
TEST_P(PiecesOfLayers, AreNoMoreForMoreLayers) {
  Case more = GetParam();
  const auto layers = std::find_if(more.overrides.begin(), more.overrides.end(),
                                   [](const Override& one) { return one.path == "layers"; });
  ASSERT_NE(layers, more.overrides.end());
  layers->value = std::to_string(2 * std::stoi(layers->value));
  const CutNetwork larger(more.model, more.overrides, more.tensor, more.sequence_parallel,
                          more.pipeline, more.recompute, more.pieces);
  EXPECT_EQ(larger.book.size(), network.book.size());
}

TEST_P(PiecesOfWholeStages, AreFew) {
  std::size_t nodes = 0;
  for (const auto& stage : network.nodes) nodes += stage.size();
  // A piece per class, and the sum of tied parameters with what comes before and behind.
  EXPECT_LT(nodes, 6U * network.stages.size());
}

TEST_P(PiecesOf, BoundariesAreMetInTheRightClass) {
  for (std::size_t s = 0; s < network.stages.size(); ++s) {
    bool reads_input = false, makes_output = false;
    bool reads_gradient = false, makes_gradient = false;
    for (const StepNode& node : network.nodes[s]) {
      const bool is_forward = node.piece_class == PieceClass::forward;
      reads_input = reads_input || (is_forward && node.reads_input);
      makes_output = makes_output || node.makes_output;
      reads_gradient = reads_gradient || node.reads_output_gradient;
      makes_gradient = makes_gradient || node.makes_input_gradient;
      if (node.makes_output) {
        EXPECT_TRUE(is_forward);
      }
      if (node.makes_input_gradient) {
        EXPECT_EQ(node.piece_class, PieceClass::input_gradient);
      }
      if (node.reads_output_gradient) {
        EXPECT_FALSE(is_forward);
      }
    }
    const bool is_first = s == 0;
    const bool is_last = s + 1 == network.stages.size();
    EXPECT_EQ(reads_input, !is_first);
    EXPECT_EQ(makes_gradient, !is_first);
    EXPECT_EQ(makes_output, !is_last);
    EXPECT_EQ(reads_gradient, !is_last);
  }
}

const std::vector<Override> kGpt = {{"layers", "8"}, {"vocabulary", "51200"}};
const std::vector<Override> kLlama = {{"layers", "8"}};

const std::vector<Case> kLayeredWithExchanges = {
    {"gpt3_175b", kGpt, 8, false, 4, Recomputation::none},
    {"gpt3_175b", kGpt, 8, true, 4, Recomputation::selective},
    {"gpt3_175b", kGpt, 8, true, 2, Recomputation::full},
    {"llama2_70b", kLlama, 8, true, 2, Recomputation::none},
    {"llama2_70b", kLlama, 4, false, 2, Recomputation::full},
    {"gpt2_xl", kGpt, 1, false, 4, Recomputation::selective, {true, false}},
    {"gpt2_xl", kGpt, 1, false, 2, Recomputation::full, {true, true}},
    {"llama2_70b", kLlama, 8, true, 2, Recomputation::full, {true, false}}};
const std::vector<Case> kLayeredWhole = {{"gpt2_xl", kGpt, 1, false, 4, Recomputation::none}};
const std::vector<Case> kOthersWhole = {
    {"resnet50", {}, 1, false, 4, Recomputation::none},
    {"gnmt", {}, 1, false, 2, Recomputation::none, {false, false}}};

INSTANTIATE_TEST_SUITE_P(WithExchanges, PiecesOf, ::testing::ValuesIn(kLayeredWithExchanges));
INSTANTIATE_TEST_SUITE_P(Whole, PiecesOf, ::testing::ValuesIn(kLayeredWhole));
INSTANTIATE_TEST_SUITE_P(OthersWhole, PiecesOf, ::testing::ValuesIn(kOthersWhole));
INSTANTIATE_TEST_SUITE_P(WithExchanges, PiecesOfLayers, ::testing::ValuesIn(kLayeredWithExchanges));
INSTANTIATE_TEST_SUITE_P(Whole, PiecesOfLayers, ::testing::ValuesIn(kLayeredWhole));
INSTANTIATE_TEST_SUITE_P(Whole, PiecesOfWholeStages, ::testing::ValuesIn(kLayeredWhole));
INSTANTIATE_TEST_SUITE_P(OthersWhole, PiecesOfWholeStages, ::testing::ValuesIn(kOthersWhole));

TEST(Pieces, StagesInTheMiddleAreEqual) {
  const CutNetwork network("gpt3_175b", {{"layers", "14"}}, 8, true, 8, Recomputation::selective);
  const auto pieces = [&](std::size_t s) {
    std::vector<int> result;
    for (const StepNode& node : network.nodes[s]) result.push_back(node.piece);
    return result;
  };
  EXPECT_EQ(pieces(1), pieces(2));
  EXPECT_EQ(pieces(1), pieces(6));
  EXPECT_NE(pieces(0), pieces(1));
}

// As docs/parallelism.md has it.
TEST(Pieces, OfALargeNetworkAreFew) {
  const CutNetwork network("gpt3_175b", {}, 8, true, 48, Recomputation::selective);
  std::size_t nodes = 0;
  for (const auto& stage : network.nodes) nodes += stage.size();
  std::printf("48 stages: %zu nodes, %zu pieces\n", nodes, network.book.size());
  EXPECT_EQ(nodes, 2415U);
  EXPECT_EQ(network.book.size(), 34U);
}

// `a` is in stages 0 and 1; `b` and `c` are in 1 and 2, and are summed by one exchange.
TEST(Pieces, ParametersOfDifferentStagesAreSummedApart) {
  GraphBuilder builder({});
  TensorId x = builder.input("x", {2, 4, 8});
  const TensorId a = builder.parameter("a", {8, 8});
  const TensorId b = builder.parameter("b", {8, 8});
  const TensorId c = builder.parameter("c", {8, 8});
  for (const std::vector<TensorId>& weights : {std::vector<TensorId>{a}, {a, b, c}, {b, c}}) {
    const auto first = static_cast<OperatorId>(builder.graph().operators().size());
    for (const TensorId weight : weights) {
      x = builder.contraction("product", "bsi,io->bso", x, weight);
    }
    builder.end_segment(first);
  }
  builder.squared_error("loss", x, builder.input("target", {2, 4, 8}));
  const Graph forward = builder.take();
  const auto stages = cut_stages(forward, pipeline_units(forward), {0, 1, 2});
  PieceBook book;
  using Sums = std::map<TiedStages, std::int64_t>;  // bytes
  std::vector<Sums> sums;
  for (const PipelineStage& stage : stages) {
    sums.emplace_back();
    for (const StepNode& node : cut_into_pieces(stage, stage.training_step({}), book)) {
      if (!node.is_collective()) continue;
      EXPECT_EQ(node.group, CollectiveGroup::tied);
      EXPECT_EQ(node.ranks, 2);
      EXPECT_TRUE(sums.back().emplace(node.tied_stages, node.bytes.value()).second);
    }
  }
  EXPECT_EQ(sums[0], (Sums{{{0, 1}, 128}}));
  EXPECT_EQ(sums[1], (Sums{{{0, 1}, 128}, {{1, 2}, 256}}));
  EXPECT_EQ(sums[2], (Sums{{{1, 2}, 256}}));
}

TEST(Pieces, ByLayerTheBackwardPassIsAPieceForEachLayer) {
  const CutNetwork network("gpt2_xl", {{"layers", "12"}}, 1, false, 1, Recomputation::none,
                           {true, false});
  std::map<PieceClass, std::map<int, int>> uses;  // of pieces
  for (const StepNode& node : network.nodes[0]) ++uses[node.piece_class][node.piece];
  EXPECT_EQ(uses.count(PieceClass::weight_gradient), 0U);
  for (const PieceClass piece_class : {PieceClass::forward, PieceClass::input_gradient}) {
    int most = 0;
    for (const auto& [piece, count] : uses[piece_class]) most = std::max(most, count);
    EXPECT_GE(most, 11) << static_cast<int>(piece_class);  // the first may differ
    EXPECT_LE(uses[piece_class].size(), 4U);
  }
}

TEST(Pieces, WeightGradientsAreApartFromTheChain) {
  const CutNetwork network("gpt3_175b", kGpt, 8, false, 4, Recomputation::none);
  std::map<PieceClass, std::int64_t> macs;
  for (const StepNode& node : network.nodes[1]) {
    if (node.is_collective()) continue;
    macs[node.piece_class] += graph_statistics(network.book.piece(node.piece)).macs;
    // Nothing but the update waits for weight gradients.
    for (const std::size_t before : node.after) {
      if (node.piece_class < PieceClass::weight_gradient) {
        EXPECT_LT(network.nodes[1][before].piece_class, PieceClass::weight_gradient);
      }
    }
  }
  EXPECT_GT(macs[PieceClass::weight_gradient], 0);
  // Products of two activations have both gradients in the chain.
  EXPECT_GT(macs[PieceClass::input_gradient], macs[PieceClass::weight_gradient]);
  EXPECT_EQ(macs[PieceClass::input_gradient] + macs[PieceClass::weight_gradient],
            2 * macs[PieceClass::forward]);
}

}  // namespace
}  // namespace simdse
