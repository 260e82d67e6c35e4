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

/// Published totals: parameters to the last one, MACs of contractions alone for a batch of 1.
struct Totals {
  const char* model;
  std::vector<Override> overrides;
  std::int64_t parameters;
  double forward_gmacs;  ///< 0: none published
};

class ZooTotals : public ::testing::TestWithParam<Totals> {};

TEST_P(ZooTotals, AreThePublishedOnes) {
  std::vector<Override> overrides = GetParam().overrides;
  overrides.push_back({"batch", "1"});
  const GraphStatistics statistics =
      graph_statistics(load_workload(GetParam().model, files(), overrides).forward);
  EXPECT_EQ(statistics.parameters, GetParam().parameters);
  if (GetParam().forward_gmacs == 0) return;
  EXPECT_NEAR(static_cast<double>(statistics.macs) / 1e9, GetParam().forward_gmacs,
              GetParam().forward_gmacs * 1e-3);
}

INSTANTIATE_TEST_SUITE_P(
    Models, ZooTotals,
    ::testing::Values(
        Totals{"mobilenet_v3_large", {}, 5'483'032, 0.2166},
        Totals{"resnet18", {}, 11'689'512, 1.8141}, Totals{"resnet50", {}, 25'557'032, 4.0892},
        Totals{"inception_v3", {}, 23'834'568, 5.713},
        Totals{"inception_v3", {{"auxiliary", "1"}}, 27'161'264, 0},
        Totals{"resnext101_32x8d", {}, 88'791'336, 16.414},
        Totals{"vgg16", {}, 138'357'544, 15.4703}, Totals{"bert_base", {}, 109'482'240, 48.318},
        Totals{"bert_base", {{"sequence", "128"}}, 109'482'240, 11.174},
        Totals{"bert_large", {}, 335'141'888, 167.504},
        Totals{"gpt2_xl", {}, 1'557'611'200, 1753.35},
        Totals{"gpt3_175b", {}, 174'604'259'328, 367'402}, Totals{"opt_1_3b", {}, 1'315'758'080, 0},
        Totals{"opt_6_7b", {}, 6'658'473'984, 14'715.4},
        Totals{"llama2_7b", {}, 6'738'415'616, 31'460.6},
        Totals{"llama2_7b",
               {{"layers", "40"}, {"hidden", "5120"}, {"heads", "40"}, {"intermediate", "13824"}},
               13'015'864'320,
               0},
        Totals{"llama2_70b", {}, 68'976'648'192, 303'439}),
    [](const auto& test) {
      return std::string(test.param.model) + "_" + std::to_string(test.index);
    });

// No exact public total is known; this is the count of the variant that the model file describes.
TEST(Zoo, GnmtHasTheCountOfItsDescription) {
  const GraphStatistics statistics = graph_statistics(
      load_workload("gnmt", files(), {{"batch", "1"}, {"sequence", "50"}}).forward);
  const std::int64_t h = 1024;
  const std::int64_t vocabulary = 32'000;
  const auto lstm = [&](std::int64_t inputs) { return 4 * h * (inputs + h + 1); };
  // Both directions and decoder1 from h; encoder1, decoder2 and the decoder's six from 2 h; the
  // encoder's six from h; query, key and v of the attention; two embeddings and the classifier.
  EXPECT_EQ(statistics.parameters, 3 * lstm(h) + 8 * lstm(2 * h) + 6 * lstm(h) + 2 * h * h + h +
                                       2 * vocabulary * h + vocabulary * (h + 1));
}

// A model of the zoo may itself be another one with values of its own.
TEST(Zoo, EveryModelCanBeTakenWithOtherValues) {
  for (const std::string& name : files().names("workloads/zoo")) {
    const ConfigValue value = parse_config("{model: " + name + ", batch: 2}", "w.yaml");
    const Workload workload = read_workload(value, files(), ".");
    EXPECT_EQ(workload.name, name);
    EXPECT_EQ(workload.batch(), 2);
    EXPECT_EQ(graph_statistics(workload.forward).parameters,
              graph_statistics(load_workload(name, files()).forward).parameters);
  }
  const ConfigValue value = parse_config("{model: opt_6_7b, layers: 3}", "w.yaml");
  const Graph graph = read_workload(value, files(), ".").forward;
  EXPECT_NO_THROW(graph.find_operator("layer2.ffn1"));
  EXPECT_THROW(graph.find_operator("layer3.ffn1"), std::out_of_range);
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

std::string refusal(const std::string& model, const std::vector<Override>& overrides) {
  try {
    load_workload(model, files(), overrides);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ModelLanguage, ModelsSayWhatTheyRequire) {
  EXPECT_NE(
      refusal("bert_large", {{"sequence", "1024"}})
          .find("the model requires sequence <= positions, with positions 512, sequence 1024"),
      std::string::npos);
  EXPECT_NE(refusal("gpt2_xl", {{"dropout", "2"}}).find("a rate of 2 is not from 0 to below 1"),
            std::string::npos);
}

TEST(ModelLanguage, TotalsThatCannotBeCountedAreRefused) {
  EXPECT_NE(refusal("bert_large", {{"batch", "2e9"}}).find("more than 2^"), std::string::npos);
  EXPECT_NE(refusal("bert_large", {{"batch", "99999999999"}}).find("more than 2^"),
            std::string::npos);
  EXPECT_NE(refusal("gpt2_xl", {{"layers", "100000"}}).find("more than 200,000 tensors"),
            std::string::npos);
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
