#include "workloads/onnx/onnx_file.h"

#include <fmt/core.h>
#include <onnx/defs/schema.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include "models/base/error.h"
#include "models/base/worker_pool.h"

namespace simdse {
namespace {

/// Contents of larger tensors are dropped when a file is read: they are weights, of which only the
/// shape matters.
constexpr std::int64_t kMaxContent = 65536;

/// True for a tensor whose contents no shape can depend on.
bool is_large(const onnx::TensorProto& tensor) {
  double elements = 1;
  for (const std::int64_t size : tensor.dims()) elements *= static_cast<double>(size);
  return elements > static_cast<double>(kMaxContent);
}

void drop_contents(onnx::TensorProto& tensor) {
  if (!is_large(tensor)) return;
  tensor.clear_raw_data();
  tensor.clear_float_data();
  tensor.clear_int32_data();
  tensor.clear_int64_data();
  tensor.clear_double_data();
  tensor.clear_uint64_data();
}

}  // namespace

struct OnnxFile::Content {
  onnx::ModelProto model;
};

OnnxFile::OnnxFile(const std::string& path) : path_(path), content_(std::make_unique<Content>()) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) throw InputError(fmt::format("{}: can't be read: {}", path, error.message()));
  if (size > static_cast<std::uintmax_t>(std::numeric_limits<std::int32_t>::max())) {
    throw InputError(fmt::format(
        "{}: is larger than 2 GiB; save it with its weights in an external file", path));
  }
  std::ifstream stream(path, std::ios::binary);
  onnx::ModelProto& model = content_->model;
  if (!model.ParseFromIstream(&stream) || !model.has_graph()) {
    throw InputError(fmt::format("{}: is no ONNX model", path));
  }
  for (onnx::TensorProto& tensor : *model.mutable_graph()->mutable_initializer()) {
    drop_contents(tensor);
  }
  for (onnx::NodeProto& node : *model.mutable_graph()->mutable_node()) {
    for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
      if (attribute.has_t()) drop_contents(*attribute.mutable_t());
    }
  }
}

OnnxFile::~OnnxFile() = default;

const onnx::GraphProto& OnnxFile::graph() const { return content_->model.graph(); }

int OnnxFile::opset() const {
  for (const onnx::OperatorSetIdProto& opset : content_->model.opset_import()) {
    if (opset.domain().empty() || opset.domain() == "ai.onnx") {
      return static_cast<int>(opset.version());
    }
  }
  return 1;
}

std::vector<OnnxInput> OnnxFile::inputs() const {
  std::set<std::string> given;
  for (const onnx::TensorProto& tensor : graph().initializer()) given.insert(tensor.name());
  std::vector<OnnxInput> result;
  for (const onnx::ValueInfoProto& info : graph().input()) {
    if (given.count(info.name()) > 0) continue;
    if (!info.type().has_tensor_type() || !info.type().tensor_type().has_shape()) {
      throw InputError(fmt::format("{}: input '{}' {}", path_, info.name(),
                                   info.type().has_tensor_type() ? "has no shape"
                                                                 : "is no tensor, but a sequence, "
                                                                   "map or optional value"));
    }
    const onnx::TypeProto::Tensor& type = info.type().tensor_type();
    OnnxInput input;
    input.name = info.name();
    input.element = onnx_element(type.elem_type());
    input.bits = onnx_element_bits(type.elem_type());
    for (const onnx::TensorShapeProto::Dimension& axis : type.shape().dim()) {
      OnnxDimension dimension;
      if (axis.has_dim_value() && axis.dim_value() > 0) {
        dimension.size = axis.dim_value();
      } else if (axis.has_dim_value() && axis.dim_value() == 0) {
        throw InputError(fmt::format("{}: input '{}' has an axis of size 0", path_, info.name()));
      } else if (axis.has_dim_param()) {
        dimension.symbol = axis.dim_param();
      }
      input.dimensions.push_back(dimension);
    }
    result.push_back(std::move(input));
  }
  return result;
}

namespace {

/// The model with the shapes that libonnx infers, as bytes.
std::string infer(onnx::ModelProto& model) {
  // Without its propagation of data, whose memory small files can blow up: shapes that depend on
  // values are the constant folder's business, within limits.
  const onnx::ShapeInferenceOptions options(false, 0, false);
  onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), options);
  onnx::GraphProto shapes;
  *shapes.mutable_value_info() = model.graph().value_info();
  *shapes.mutable_output() = model.graph().output();
  return shapes.SerializeAsString();
}

std::map<std::string, Shape> inferred_shapes(onnx::ModelProto& model, const std::string& path) {
  // In a process of its own, because some broken models make libonnx crash.
  const WorkerOptions limits{1, std::chrono::seconds(60)};
  const JobResult job = run_jobs({[&] { return infer(model); }}, limits).front();
  if (!job.ok) {
    std::string text = job.failure;
    std::replace(text.begin(), text.end(), '\n', ' ');
    throw InputError(fmt::format("{}: libonnx finds no shapes: {}", path, text));
  }
  onnx::GraphProto shapes;
  shapes.ParseFromString(job.output);
  std::map<std::string, Shape> result;
  const auto take = [&](const onnx::ValueInfoProto& info) {
    if (!info.type().has_tensor_type() || !info.type().tensor_type().has_shape()) return;
    Shape shape;
    for (const auto& axis : info.type().tensor_type().shape().dim()) {
      if (!axis.has_dim_value()) return;
      shape.push_back(axis.dim_value());
    }
    result[info.name()] = std::move(shape);
  };
  for (const onnx::ValueInfoProto& info : shapes.value_info()) take(info);
  for (const onnx::ValueInfoProto& info : shapes.output()) take(info);
  return result;
}

}  // namespace

std::map<std::string, Shape> OnnxFile::infer_shapes(
    const std::map<std::string, Shape>& inputs) const {
  onnx::ModelProto model = content_->model;
  for (onnx::ValueInfoProto& info : *model.mutable_graph()->mutable_input()) {
    const auto found = inputs.find(info.name());
    if (found == inputs.end()) continue;
    auto* shape = info.mutable_type()->mutable_tensor_type()->mutable_shape();
    shape->clear_dim();
    for (const std::int64_t size : found->second) shape->add_dim()->set_dim_value(size);
  }
  // A node of a domain that the file does not declare is an unknown operator, not a broken file.
  std::set<std::string> declared;
  for (const auto& known : model.opset_import()) declared.insert(known.domain());
  for (const onnx::NodeProto& node : model.graph().node()) {
    if (!declared.insert(node.domain()).second) continue;
    onnx::OperatorSetIdProto* added = model.add_opset_import();
    added->set_domain(node.domain());
    added->set_version(1);
  }
  // Inference relies on what a schema says of the number of operands and attributes, and on
  // operands that exist.
  std::set<std::string> made;
  for (const onnx::ValueInfoProto& info : model.graph().input()) made.insert(info.name());
  for (const onnx::TensorProto& tensor : model.graph().initializer()) made.insert(tensor.name());
  for (const onnx::NodeProto& node : model.graph().node()) {
    for (const std::string& name : node.input()) {
      if (name.empty() || made.count(name) > 0) continue;
      throw InputError(
          fmt::format("{}: node '{}': operator '{}': nothing before it makes its input '{}'", path_,
                      node.name(), node.op_type(), name));
    }
    made.insert(node.output().begin(), node.output().end());
    const onnx::OpSchema* schema = onnx::OpSchemaRegistry::Schema(
        node.op_type(), opset(), node.domain() == "ai.onnx" ? "" : node.domain());
    if (schema == nullptr || schema->Deprecated()) continue;
    try {
      schema->Verify(node);
    } catch (const std::exception& problem) {
      throw InputError(fmt::format("{}: node '{}': operator '{}': {}", path_, node.name(),
                                   node.op_type(), problem.what()));
    }
  }
  return inferred_shapes(model, path_);
}

OnnxElement onnx_element(int data_type) {
  switch (data_type) {
    case onnx::TensorProto::FLOAT:
    case onnx::TensorProto::DOUBLE:
    case onnx::TensorProto::FLOAT16:
    case onnx::TensorProto::BFLOAT16:
      return OnnxElement::real;
    case onnx::TensorProto::BOOL:
      return OnnxElement::boolean;
    case onnx::TensorProto::INT8:
    case onnx::TensorProto::UINT8:
    case onnx::TensorProto::INT16:
    case onnx::TensorProto::UINT16:
    case onnx::TensorProto::INT32:
    case onnx::TensorProto::UINT32:
    case onnx::TensorProto::INT64:
    case onnx::TensorProto::UINT64:
      return OnnxElement::integer;
    default:
      return OnnxElement::other;
  }
}

int onnx_element_bits(int data_type) {
  switch (data_type) {
    case onnx::TensorProto::BOOL:
    case onnx::TensorProto::INT8:
    case onnx::TensorProto::UINT8:
      return 8;
    case onnx::TensorProto::INT16:
    case onnx::TensorProto::UINT16:
    case onnx::TensorProto::FLOAT16:
    case onnx::TensorProto::BFLOAT16:
      return 16;
    case onnx::TensorProto::DOUBLE:
    case onnx::TensorProto::INT64:
    case onnx::TensorProto::UINT64:
      return 64;
    default:
      return 32;
  }
}

}  // namespace simdse
