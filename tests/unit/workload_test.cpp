// The zoo's totals, the model language, and its messages.
#include "workloads/workload.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "models/base/config_reader.h"
#include "workloads/model_reader.h"
#include "workloads/operators/contraction.h"
#include "workloads/statistics.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

GraphStatistics forward_statistics(const std::string& model, double batch) {
  const Override one{"batch", std::to_string(static_cast<int>(batch))};
  return graph_statistics(load_workload(model, files(), {one}).forward);
}

// Totals of published implementations: parameters to the last one, MACs of contractions alone.
TEST(Zoo, BertLargeHasThePublishedTotals) {
  const GraphStatistics statistics = forward_statistics("bert_large", 1);
  EXPECT_EQ(statistics.parameters, 335'141'888);
  // 24 layers of 12 h^2 s + 2 s^2 h, and the pooler.
  EXPECT_EQ(statistics.macs,
            24LL * (12 * 1024LL * 1024 * 512 + 2 * 512LL * 512 * 1024) + 1024 * 1024);
  EXPECT_NEAR(static_cast<double>(statistics.macs) / 1e9, 167.504, 167.504 * 1e-3);
}

TEST(Zoo, ResNet50HasThePublishedTotals) {
  const GraphStatistics statistics = forward_statistics("resnet50", 1);
  EXPECT_EQ(statistics.parameters, 25'557'032);
  EXPECT_NEAR(static_cast<double>(statistics.macs) / 1e9, 4.0892, 4.0892 * 1e-4);
}

TEST(Zoo, OverridesReachTheModelsParameters) {
  const Workload workload =
      load_workload("bert_large", files(), {{"layers", "2"}, {"hidden", "64"}});
  // intermediate = 4 hidden follows.
  const Graph& graph = workload.forward;
  const TensorId ffn = graph.op(graph.find_operator("layer1.ffn1")).outputs[0];
  EXPECT_EQ(graph.tensor(ffn).shape, (Shape{8, 512, 256}));
  EXPECT_THROW(graph.find_operator("layer2.ffn1"), std::out_of_range);
}

TEST(Contraction, AxesAreClassified) {
  const auto kind = contraction_kind("bqhd,bkhd->bhqk");
  EXPECT_EQ(contraction_shape(*kind, {2, 5, 3, 7}, {2, 4, 3, 7}), (Shape{2, 3, 5, 4}));
  EXPECT_THROW(contraction_shape(*kind, {2, 5, 3, 7}, {2, 4, 3, 8}), std::invalid_argument);
  EXPECT_THROW(contraction_kind("ab,bc->ad"), std::invalid_argument);
  EXPECT_THROW(contraction_kind("aab,bc->ac"), std::invalid_argument);
  EXPECT_THROW(contraction_kind("ab"), std::invalid_argument);
}

Graph read(const std::string& yaml, const Variables& variables = {{"batch", 2}}) {
  return read_model(parse_config(yaml, "m.yaml"), variables, {});
}

std::string message_of(const std::string& yaml) {
  try {
    read(yaml);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ModelLanguage, GemmsMakeTheirOwnOperands) {
  const Graph graph = read("operators: [{name: g, kind: gemm, m: 64 * batch, n: 32, k: 16}]");
  EXPECT_EQ(graph_statistics(graph).macs, 128 * 32 * 16);
}

TEST(ModelLanguage, RepeatCarriesTensorsAndCountsTurns) {
  const Graph graph = read(R"(
inputs: {x: {shape: [batch, 8]}}
operators:
  - name: layer
    repeat: 3
    with: {width: [8, 16, 32]}
    carry: {y: x}
    operators:
      - {name: up, kind: linear, inputs: y, features: width, bias: false}
      - {name: act, kind: relu, when: index > 0}
    next: {y: up}
)");
  EXPECT_EQ(graph_statistics(graph).parameters, 8 * 8 + 8 * 16 + 16 * 32);
  EXPECT_NO_THROW(graph.find_operator("layer1.act"));
  EXPECT_THROW(graph.find_operator("layer0.act"), std::out_of_range);
}

TEST(ModelLanguage, BlocksBindTensorsAndNumbers) {
  const Graph graph = read(R"(
inputs: {x: {shape: [batch, 8]}}
blocks:
  pair:
    takes: [t, width]
    operators:
      - {name: a, kind: linear, inputs: t, features: width, bias: false}
      - {name: b, kind: linear, features: 2 * width, bias: false}
    gives: a
operators:
  - {name: one, block: pair, with: {t: x, width: 4}}
  - {name: last, kind: relu}
)");
  const Operator& last = graph.op(graph.find_operator("last"));
  EXPECT_EQ(graph.tensor(last.inputs[0]).name, "one.a");
}

TEST(ModelLanguage, MessagesSayWhereAndWhatIsNear) {
  EXPECT_EQ(message_of("operators: [{name: g, kind: gem, m: 1, n: 1, k: 1}]"),
            "m.yaml:1:29: operator 'g': unknown kind 'gem' (did you mean 'gemm'?)");
  EXPECT_EQ(message_of("operators: [{name: g, kind: gemm, m: 0, n: 1, k: 1}]"),
            "m.yaml:1:38: operators.0.m: '0' is 0, not a whole number of at least 1");
  EXPECT_EQ(message_of("operators: [{name: g, kind: gemm, m: 1, n: 1, k: 1, q: 2}]"),
            "m.yaml:1:53: unknown key 'operators.0.q' (did you mean 'm'?)");
  EXPECT_NE(message_of("operators: [{name: g, kind: gemm, m: bath, n: 1, k: 1}]").find("bath"),
            std::string::npos);
  EXPECT_NE(
      message_of("operators: [{name: g, kind: relu, inputs: x}]").find("nothing is called 'x'"),
      std::string::npos);
  EXPECT_NE(message_of("operators: [{name: g, kind: relu}]").find("takes 1 inputs, found 0"),
            std::string::npos);
  EXPECT_NE(message_of("operators: []").find("no operators"), std::string::npos);
  EXPECT_NE(message_of("inputs: {x: {shape: [2, 8]}, y: {shape: [3, 8]}}\n"
                       "operators: [{name: s, kind: add, inputs: [x, y]}]")
                .find("don't broadcast"),
            std::string::npos);
  EXPECT_NE(message_of("blocks: {b: {operators: [{name: c, block: b}]}}\n"
                       "operators: [{name: c, block: b}]")
                .find("contain each other"),
            std::string::npos);
}

}  // namespace
}  // namespace simdse
