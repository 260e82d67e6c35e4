// ONNX models: written here, from the public files where they are at hand, and from the operator
// tests of libonnx.
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "models/base/error.h"
#include "workloads/onnx/onnx_importer.h"
#include "workloads/statistics.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

namespace fs = std::filesystem;

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

/// Writes a model with the protobuf interface.
class Model {
 public:
  explicit Model(int opset = 13) {
    proto_.set_ir_version(8);
    proto_.add_opset_import()->set_version(opset);
  }

  onnx::ModelProto& proto() { return proto_; }

  /// A size that is no number is a symbol.
  void input(const std::string& name, const std::vector<std::string>& shape,
             int type = onnx::TensorProto::FLOAT) {
    onnx::ValueInfoProto* info = proto_.mutable_graph()->add_input();
    info->set_name(name);
    auto* tensor = info->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    auto* target = tensor->mutable_shape();
    for (const std::string& size : shape) {
      const bool is_number = std::isdigit(static_cast<unsigned char>(size[0])) != 0;
      if (is_number) target->add_dim()->set_dim_value(std::stoll(size));
      if (!is_number) target->add_dim()->set_dim_param(size);
    }
  }

  void output(const std::string& name) {
    onnx::ValueInfoProto* info = proto_.mutable_graph()->add_output();
    info->set_name(name);
    info->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  }

  /// Weights without contents.
  onnx::TensorProto* weight(const std::string& name, const Shape& shape) {
    onnx::TensorProto* tensor = proto_.mutable_graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t size : shape) tensor->add_dims(size);
    tensor->set_data_location(onnx::TensorProto::EXTERNAL);
    auto* place = tensor->add_external_data();
    place->set_key("location");
    place->set_value("absent.bin");
    return tensor;
  }

  void integers(const std::string& name, const Shape& values) {
    onnx::TensorProto* tensor = proto_.mutable_graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::INT64);
    tensor->add_dims(static_cast<std::int64_t>(values.size()));
    for (const std::int64_t value : values) tensor->add_int64_data(value);
  }

  onnx::NodeProto& node(const std::string& op, const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs) {
    onnx::NodeProto* node = proto_.mutable_graph()->add_node();
    node->set_op_type(op);
    node->set_name("node_" + outputs[0]);
    for (const std::string& name : inputs) node->add_input(name);
    for (const std::string& name : outputs) node->add_output(name);
    return *node;
  }

  static void set(onnx::NodeProto& node, const std::string& name, std::int64_t value) {
    onnx::AttributeProto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INT);
    attribute->set_i(value);
  }
  static void set(onnx::NodeProto& node, const std::string& name, const Shape& values) {
    onnx::AttributeProto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t value : values) attribute->add_ints(value);
  }

  OnnxImport load(OnnxOptions options = {}) {
    proto_.mutable_graph()->set_name("test");
    const fs::path path =
        fs::temp_directory_path() / ("simdse_onnx_test_" + std::to_string(getpid()) + ".onnx");
    std::ofstream stream(path, std::ios::binary);
    proto_.SerializeToOstream(&stream);
    stream.close();
    struct Remover {
      fs::path path;
      ~Remover() { fs::remove(path); }
    } remover{path};
    return import_onnx(path.string(), options, {});
  }

  std::string refusal(OnnxOptions options = {}) {
    try {
      load(std::move(options));
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  }

 private:
  onnx::ModelProto proto_;
};

OnnxOptions batch(std::int64_t size) {
  OnnxOptions options;
  options.batch = size;
  return options;
}

std::vector<std::int64_t> macs_of(const Graph& graph) {
  std::vector<std::int64_t> result;
  for (const Operator& op : graph.operators()) {
    if (graph.work(op.id).macs() > 0) result.push_back(graph.work(op.id).macs());
  }
  std::sort(result.begin(), result.end());
  return result;
}

/// A convolution whose image is flattened by a target with the file's batch in it.
Model hard_coded(const Shape& target) {
  Model model;
  model.input("x", {"1", "3", "8", "8"});
  model.weight("w", {4, 3, 3, 3});
  model.integers("target", target);
  model.weight("fc", {144, 10});
  model.node("Conv", {"x", "w"}, {"y"});
  model.node("Reshape", {"y", "target"}, {"flat"});
  model.node("MatMul", {"flat", "fc"}, {"z"});
  model.output("z");
  return model;
}

TEST(Onnx, ResetsTheBatchInReshapeConstants) {
  for (const Shape& target : {Shape{1, 144}, Shape{1, -1}, Shape{-1, 144}, Shape{0, -1}}) {
    const GraphStatistics one = graph_statistics(hard_coded(target).load().graph);
    const GraphStatistics many = graph_statistics(hard_coded(target).load(batch(6)).graph);
    EXPECT_EQ(one.macs, 4 * 27 * 36 + 144 * 10);
    EXPECT_EQ(many.macs, 6 * one.macs);
    EXPECT_EQ(many.parameters, 108 + 1440);
  }
}

TEST(Onnx, RefusesAReshapeConstantThatMixesTheBatch) {
  Model model;
  model.input("x", {"2", "3", "4"});
  model.integers("target", {3, 8});
  model.node("Reshape", {"x", "target"}, {"y"});
  model.node("Relu", {"y"}, {"z"});
  model.output("z");
  EXPECT_EQ(model.refusal(), "");
  EXPECT_NE(model.refusal(batch(5)).find("'node_y' (output 'y'): operator 'Reshape'"),
            std::string::npos);
}

TEST(Onnx, SymbolicDimensionsNeedValues) {
  Model model;
  model.input("x", {"batch", "steps", "16"});
  model.weight("w", {16, 32});
  model.node("MatMul", {"x", "w"}, {"y"});
  model.output("y");
  EXPECT_NE(model.refusal().find("give it with --dim steps=VALUE"), std::string::npos);
  OnnxOptions options = batch(3);
  options.dimensions["steps"] = 5;
  EXPECT_EQ(graph_statistics(model.load(options).graph).macs, 3 * 5 * 16 * 32);
  options.dimensions["stepz"] = 5;
  EXPECT_NE(model.refusal(options).find("did you mean 'steps'"), std::string::npos);
}

TEST(Onnx, TheSymbolOfTheBatchIsTheBatch) {
  Model model;
  model.input("x", {"batch", "16"});
  model.weight("w", {16, 32});
  model.node("MatMul", {"x", "w"}, {"y"});
  model.output("y");
  OnnxOptions options;
  options.dimensions["batch"] = 8;
  EXPECT_EQ(model.load(options).batch, 8);
  options.batch = 4;
  EXPECT_NE(model.refusal(options).find("the batch is 4 and 'batch', which is the batch, 8"),
            std::string::npos);
}

// libonnx crashes on this one, in a process of its own.
TEST(Onnx, AStrideOfZeroIsRefused) {
  Model model;
  model.input("x", {"1", "1", "8", "8"});
  onnx::NodeProto& pool = model.node("MaxPool", {"x"}, {"y"});
  const auto set = [&](const char* name, std::int64_t value) {
    onnx::AttributeProto* attribute = pool.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INTS);
    attribute->add_ints(value);
    attribute->add_ints(value);
  };
  set("kernel_shape", 2);
  set("strides", 0);
  model.output("y");
  EXPECT_NE(model.refusal().find("libonnx finds no shapes"), std::string::npos);
}

TEST(Onnx, ConstantOfShapeAndConstantNodesAreWeights) {
  Model model;
  model.input("x", {"1", "16"});
  model.integers("shape", {16, 8});
  model.node("ConstantOfShape", {"shape"}, {"w"});
  onnx::NodeProto& constant = model.node("Constant", {}, {"b"});
  onnx::AttributeProto* value = constant.add_attribute();
  value->set_name("value");
  value->set_type(onnx::AttributeProto::TENSOR);
  value->mutable_t()->set_data_type(onnx::TensorProto::FLOAT);
  value->mutable_t()->add_dims(8);
  for (int i = 0; i < 8; ++i) value->mutable_t()->add_float_data(1);
  model.node("MatMul", {"x", "w"}, {"y"});
  model.node("Add", {"y", "b"}, {"z"});
  model.output("z");
  EXPECT_EQ(graph_statistics(model.load().graph).parameters, 16 * 8 + 8);
}

TEST(Onnx, TiedAndTransposedWeightsAreOneParameter) {
  Model model;
  model.input("ids", {"2", "5"}, onnx::TensorProto::INT64);
  model.weight("table", {100, 16});
  model.node("Gather", {"table", "ids"}, {"x"});
  model.node("Transpose", {"table"}, {"table_t"});
  model.node("MatMul", {"x", "table_t"}, {"y"});
  model.output("y");
  const OnnxImport imported = model.load();
  const GraphStatistics statistics = graph_statistics(imported.graph);
  EXPECT_EQ(statistics.parameters, 1600);
  EXPECT_EQ(statistics.macs, 2 * 5 * 16 * 100);
  EXPECT_EQ(statistics.operators, 2);  // no transposition is carried out
  EXPECT_EQ(graph_statistics(derive_training_step(imported.graph, {})).macs, 3 * statistics.macs);
}

TEST(Onnx, TransposedGemmAndGroupedConvolution) {
  Model model;
  model.input("x", {"1", "8", "6", "6"});
  model.weight("w", {16, 2, 3, 3});
  model.weight("wb", {16});
  model.weight("fc", {10, 16});
  model.weight("fb", {10});
  onnx::NodeProto& conv = model.node("Conv", {"x", "w", "wb"}, {"y"});
  Model::set(conv, "group", 4);
  Model::set(conv, "pads", Shape{1, 1, 1, 1});
  model.node("GlobalAveragePool", {"y"}, {"p"});
  model.node("Flatten", {"p"}, {"f"});
  Model::set(model.node("Gemm", {"f", "fc", "fb"}, {"z"}), "transB", 1);
  model.output("z");
  const GraphStatistics statistics = graph_statistics(model.load(batch(4)).graph);
  EXPECT_EQ(statistics.macs, 4 * (36 * 16 * 2 * 9 + 16 * 10));
  EXPECT_EQ(statistics.parameters, 16 * 18 + 16 + 160 + 10);
}

TEST(Onnx, UnknownOperatorsAreErrorsOrOpaque) {
  Model model;
  model.input("x", {"1", "16"});
  model.weight("w", {16, 16});
  model.node("MatMul", {"x", "w"}, {"y"});
  model.node("Hardmax", {"y"}, {"z"});
  model.output("z");
  EXPECT_NE(model.refusal().find(": node 'node_z' (output 'z'): operator 'Hardmax' is not known to "
                                 "simdse; --opaque takes it as a memory-bound operator of known "
                                 "bytes"),
            std::string::npos);
  OnnxOptions options = batch(8);
  options.allow_opaque = true;
  const Graph graph = model.load(options).graph;
  const Operator& op = graph.operators().back();
  EXPECT_TRUE(op.kind->is_opaque());
  EXPECT_EQ(graph.tensor(op.outputs[0]).shape, (Shape{8, 16}));
  EXPECT_EQ(graph.work(op.id).bytes_read(), Bytes(8 * 16 * 2));
}

TEST(Onnx, RefusesUnknownDomainsAndUnorderedNodes) {
  Model model;
  model.input("x", {"1", "16"});
  model.node("Relu", {"x"}, {"y"}).set_domain("com.acme");
  model.output("y");
  EXPECT_NE(model.refusal().find("operator 'com.acme.Relu' is not known"), std::string::npos);
  Model unordered;
  unordered.input("x", {"1", "16"});
  unordered.node("Relu", {"z"}, {"y"});
  unordered.node("Relu", {"x"}, {"z"});
  unordered.output("y");
  EXPECT_NE(unordered.refusal(), "");
}

TEST(Onnx, RefusesWhatIsNoModel) {
  const fs::path path =
      fs::temp_directory_path() / ("simdse_onnx_test_" + std::to_string(getpid()) + ".bin");
  std::ofstream(path) << "this is no model";
  EXPECT_THROW(import_onnx(path.string(), {}, {}), InputError);
  fs::remove(path);
  EXPECT_THROW(import_onnx(path.string(), {}, {}), InputError);
}

TEST(Onnx, UnusedInitializersAreNoted) {
  Model model;
  model.input("x", {"1", "16"});
  model.weight("w", {16, 16});
  model.weight("left_over", {3, 3});
  model.node("MatMul", {"x", "w"}, {"y"});
  model.output("y");
  const OnnxImport imported = model.load();
  ASSERT_EQ(imported.notes.size(), 1u);
  EXPECT_NE(imported.notes[0].find("left_over"), std::string::npos);
  EXPECT_EQ(graph_statistics(imported.graph).parameters, 256);
}

TEST(Onnx, BidirectionalLstm) {
  Model model(14);
  model.input("x", {"5", "batch", "8"});
  model.weight("W", {2, 24, 8});
  model.weight("R", {2, 24, 6});
  model.weight("B", {2, 48});
  onnx::NodeProto& lstm = model.node("LSTM", {"x", "W", "R", "B"}, {"y", "h", "c"});
  Model::set(lstm, "hidden_size", 6);
  onnx::AttributeProto* direction = lstm.add_attribute();
  direction->set_name("direction");
  direction->set_type(onnx::AttributeProto::STRING);
  direction->set_s("bidirectional");
  model.output("y");
  model.output("h");
  const OnnxImport imported = model.load(batch(3));
  const GraphStatistics statistics = graph_statistics(imported.graph);
  EXPECT_EQ(statistics.parameters, 2 * (24 * 8 + 24 * 6 + 48));
  // The first of five turns starts from a zero state: no product.
  EXPECT_EQ(statistics.macs, 2 * 3 * (5 * 8 * 24 + 4 * 6 * 24));
  EXPECT_NO_THROW(derive_training_step(imported.graph, {}));
}

/// One attention head block as exporters write it: sizes are taken from shapes.
Model attention() {
  Model model;
  model.input("x", {"batch", "steps", "32"});
  for (const char* name : {"wq", "wk", "wv"}) model.weight(name, {32, 32});
  model.integers("zero", {0});
  model.integers("one", {1});
  model.integers("tail", {4, 8});
  model.integers("width", {-1});
  model.node("Shape", {"x"}, {"shape"});
  Model::set(model.node("Gather", {"shape", "zero"}, {"n"}), "axis", 0);
  Model::set(model.node("Gather", {"shape", "one"}, {"s"}), "axis", 0);
  Model::set(model.node("Concat", {"n", "s", "tail"}, {"heads"}), "axis", 0);
  Model::set(model.node("Concat", {"n", "s", "width"}, {"joined"}), "axis", 0);
  for (const std::string name : {"q", "k", "v"}) {
    model.node("MatMul", {"x", "w" + name}, {name});
    model.node("Reshape", {name, "heads"}, {name + "_heads"});
    Model::set(model.node("Transpose", {name + "_heads"}, {name + "_t"}), "perm",
               name == "k" ? Shape{0, 2, 3, 1} : Shape{0, 2, 1, 3});
  }
  model.node("MatMul", {"q_t", "k_t"}, {"scores"});
  model.node("Softmax", {"scores"}, {"weights"});
  model.node("MatMul", {"weights", "v_t"}, {"mixed"});
  Model::set(model.node("Transpose", {"mixed"}, {"mixed_t"}), "perm", Shape{0, 2, 1, 3});
  model.node("Reshape", {"mixed_t", "joined"}, {"y"});
  model.output("y");
  return model;
}

TEST(Onnx, AttentionWithSizesTakenFromShapes) {
  OnnxOptions options = batch(3);
  options.dimensions["steps"] = 10;
  const Graph graph = attention().load(options).graph;
  const GraphStatistics statistics = graph_statistics(graph);
  const std::int64_t products = 3 * 10 * 32 * 32;
  const std::int64_t scores = 3 * 4 * 10 * 10 * 8;
  EXPECT_EQ(statistics.macs, 3 * products + 2 * scores);
  EXPECT_EQ(statistics.parameters, 3 * 32 * 32);
  EXPECT_EQ(graph.tensors().back().shape, (Shape{3, 10, 32}));
  // No dX of the first three products: nothing needs the gradient of the input.
  EXPECT_EQ(graph_statistics(derive_training_step(graph, {})).macs, 6 * products + 6 * scores);
}

TEST(Onnx, OperatorTestsOfLibonnxImportOrAreRefused) {
  const fs::path folder = "/usr/share/libonnx-testdata/data";
  if (!fs::exists(folder)) GTEST_SKIP() << "libonnx-testdata is not installed";
  int imported = 0;
  int found = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".onnx") continue;
    ++found;
    try {
      graph_statistics(import_onnx(entry.path().string(), {}, {}).graph);
      ++imported;
    } catch (const InputError& error) {
      const std::string text = error.what();
      EXPECT_EQ(text.rfind(entry.path().string() + ": ", 0), 0u) << text;
    }
  }
  EXPECT_GT(found, 1000);
  EXPECT_GE(imported, 480);
}

struct PublicModel {
  const char* file;
  std::int64_t parameters;
  double gmacs;
};

/// Beside the source tree or, if the environment says so, elsewhere.
std::string path(const std::string& file) {
  const char* given = std::getenv("SIMDSE_ONNX_DATA");
  const std::string folder =
      given != nullptr ? given : std::string(SIMDSE_SOURCE_DIR) + "/../shared/data/onnx";
  return folder + "/" + file + ".onnx";
}

class PublicOnnx : public testing::TestWithParam<PublicModel> {};

TEST_P(PublicOnnx, HasTheKnownTotalsAtAnyBatch) {
  const PublicModel& model = GetParam();
  if (!fs::exists(path(model.file))) GTEST_SKIP() << "the public ONNX files are not here";
  const Workload one = load_workload(path(model.file), files());
  const GraphStatistics forward = graph_statistics(one.forward);
  EXPECT_EQ(forward.parameters, model.parameters);
  EXPECT_NEAR(static_cast<double>(forward.macs) / 1e9, model.gmacs, model.gmacs * 1e-3);
  const Workload many = load_workload(path(model.file), files(), {{"batch", "7"}});
  EXPECT_EQ(graph_statistics(many.forward).macs, 7 * forward.macs);
  // 3 x forward, less the input gradient of whatever reads the image.
  const Graph training = derive_training_step(one.forward, one.training);
  const std::vector<Operator>& operators = one.forward.operators();
  const auto first = std::find_if(operators.begin(), operators.end(), [&](const Operator& op) {
    return one.forward.work(op.id).macs() > 0;
  });
  EXPECT_EQ(graph_statistics(training).macs, 3 * forward.macs - one.forward.work(first->id).macs());
}

// facts published for these files: their weights counted, their contractions summed.
INSTANTIATE_TEST_SUITE_P(All, PublicOnnx,
                         testing::Values(PublicModel{"light_resnet50", 25'557'032, 4.0892},
                                         PublicModel{"light_vgg19", 143'667'240, 19.6321},
                                         PublicModel{"light_squeezenet", 1'235'496, 0.3492},
                                         PublicModel{"light_inception_v1", 6'998'552, 1.4316},
                                         PublicModel{"light_bvlc_alexnet", 60'965'224, 0.6546},
                                         PublicModel{"resnet18_bn_folded", 11'684'712, 1.8141}),
                         [](const auto& given) { return std::string(given.param.file); });

TEST(PublicOnnxFile, ResNet50AgreesWithTheZooAndIsFast) {
  if (!fs::exists(path("light_resnet50"))) GTEST_SKIP() << "the public ONNX files are not here";
  const auto start = std::chrono::steady_clock::now();
  const Workload imported = load_workload(path("light_resnet50"), files(), {{"batch", "32"}});
  const Graph training = derive_training_step(imported.forward, imported.training);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  EXPECT_LT(time.count(), 0.2);
  const Workload zoo = load_workload("resnet50", files(), {{"batch", "32"}});
  EXPECT_EQ(macs_of(imported.forward), macs_of(zoo.forward));
  EXPECT_EQ(macs_of(training), macs_of(derive_training_step(zoo.forward, zoo.training)));
}

}  // namespace
}  // namespace simdse
