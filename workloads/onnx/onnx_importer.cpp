#include "workloads/onnx/onnx_importer.h"

#include <fmt/core.h>
#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>

#include "models/base/error.h"
#include "workloads/onnx/onnx_node.h"

namespace simdse {
namespace {

using ImporterTable = std::unordered_map<std::string, OnnxImporter>;

const ImporterTable& importers() {
  static const ImporterTable table = [] {
    ImporterTable result;
    for (const auto& family : {contraction_importers(), window_importers(), elementwise_importers(),
                               reduction_importers(), layout_importers(), recurrent_importers()}) {
      for (const OnnxImporterEntry& entry : family) result.emplace(entry.op, entry.run);
    }
    return result;
  }();
  return table;
}

/// Sizes of the graph's inputs: which axis of each is the batch, and its value.
class InputSizes {
 public:
  InputSizes(const OnnxFile& file, const OnnxOptions& options)
      : file_(file), options_(options), inputs_(file.inputs()) {
    check_names();
    for (const OnnxInput& input : inputs_) {
      const std::optional<std::size_t> axis = batch_axis(input);
      if (!axis) continue;
      const OnnxDimension& dimension = input.dimensions[*axis];
      const auto named = options_.dimensions.find(dimension.symbol);
      if (dimension.size == 0 && named == options_.dimensions.end()) continue;
      file_batch_ = dimension.size == 0 ? named->second : dimension.size;
      if (dimension.size == 0 && options_.batch > 0 && options_.batch != file_batch_) {
        throw InputError(fmt::format("{}: the batch is {} and '{}', which is the batch, {}",
                                     file_.path(), options_.batch, dimension.symbol, file_batch_));
      }
      break;
    }
  }

  std::int64_t file_batch() const { return file_batch_; }
  const std::vector<OnnxInput>& inputs() const { return inputs_; }

  Shape shape(const OnnxInput& input, std::int64_t batch) const {
    const std::optional<std::size_t> axis = batch_axis(input);
    Shape result;
    for (std::size_t i = 0; i < input.dimensions.size(); ++i) {
      const OnnxDimension& dimension = input.dimensions[i];
      const bool is_batch = axis == i && (dimension.size == 0 || dimension.size == file_batch_);
      result.push_back(is_batch ? batch : size(input, i));
    }
    return result;
  }

  bool has_batch() const {
    return std::any_of(inputs_.begin(), inputs_.end(),
                       [this](const OnnxInput& input) { return batch_axis(input).has_value(); });
  }

 private:
  static bool means_batch(const std::string& symbol) {
    std::string small = symbol;
    std::transform(small.begin(), small.end(), small.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return small == "n" || small.find("batch") != std::string::npos;
  }

  /// The axis whose symbol says batch, else the first, unless that is given by another name.
  std::optional<std::size_t> batch_axis(const OnnxInput& input) const {
    for (std::size_t i = 0; i < input.dimensions.size(); ++i) {
      const std::string& symbol = input.dimensions[i].symbol;
      if (means_batch(symbol)) return i;
    }
    if (input.dimensions.empty()) return {};
    if (options_.dimensions.count(input.dimensions[0].symbol) > 0) return {};
    return 0;
  }

  std::int64_t size(const OnnxInput& input, std::size_t axis) const {
    const OnnxDimension& dimension = input.dimensions[axis];
    if (dimension.size > 0) return dimension.size;
    if (dimension.symbol.empty()) {
      throw InputError(
          fmt::format("{}: axis {} of input '{}' has neither a size nor a name; export "
                      "the model with one of them",
                      file_.path(), axis, input.name));
    }
    const auto found = options_.dimensions.find(dimension.symbol);
    if (found == options_.dimensions.end()) {
      throw InputError(
          fmt::format("{}: axis {} of input '{}' has the size '{}'; give it with "
                      "--dim {}=VALUE",
                      file_.path(), axis, input.name, dimension.symbol, dimension.symbol));
    }
    return found->second;
  }

  void check_names() const {
    std::set<std::string> known;
    for (const OnnxInput& input : inputs_) {
      for (const OnnxDimension& dimension : input.dimensions) known.insert(dimension.symbol);
    }
    known.erase("");
    for (const auto& [name, value] : options_.dimensions) {
      if (known.count(name) > 0) continue;
      throw InputError(fmt::format(
          "{}: no input has a dimension '{}'{}", file_.path(), name,
          known.empty() ? "; all are numbers" : spelling_hint(name, {known.begin(), known.end()})));
    }
  }

  const OnnxFile& file_;
  const OnnxOptions& options_;
  std::vector<OnnxInput> inputs_;
  std::int64_t file_batch_ = 1;
};

/// Names that the graphs inside a node read, of its own values and of those around it.
std::set<std::string> captured(const onnx::NodeProto& node) {
  std::set<std::string> result;
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (!attribute.has_g()) continue;
    for (const onnx::NodeProto& inner : attribute.g().node()) {
      result.insert(inner.input().begin(), inner.input().end());
      result.merge(captured(inner));
    }
    for (const onnx::ValueInfoProto& output : attribute.g().output()) result.insert(output.name());
  }
  return result;
}

/// One walk over the nodes at one batch.
class Walk : public OnnxValues {
 public:
  /// `file_shapes` are those at the file's own batch: of libonnx and, when this walk is at another
  /// batch, of a walk at that one.
  Walk(const OnnxFile& file, const OnnxOptions& options, const TensorFormats& formats,
       const std::map<std::string, Shape>& file_shapes, bool is_rebatched)
      : file_(file),
        options_(options),
        builder_(formats),
        file_shapes_(file_shapes),
        is_rebatched_(is_rebatched),
        opset_(file.opset()) {
    for (const onnx::NodeProto& node : file.graph().node()) {
      read_.insert(node.input().begin(), node.input().end());
      for (const std::string& name : captured(node)) read_.insert(name);
    }
    for (const onnx::ValueInfoProto& output : file.graph().output()) read_.insert(output.name());
  }

  void run(const InputSizes& sizes, std::int64_t batch) {
    read_initializers();
    for (const OnnxInput& input : sizes.inputs()) add_input(input, sizes.shape(input, batch));
    for (const onnx::NodeProto& node : file_.graph().node()) import_node(node);
    for (const onnx::ValueInfoProto& output : file_.graph().output()) finish_output(output.name());
    if (builder_.graph().operators().empty()) {
      throw InputError(fmt::format("{}: the model has no operators", file_.path()));
    }
  }

  std::map<std::string, Shape> shapes() const {
    std::map<std::string, Shape> result;
    for (const auto& [name, value] : values_) result[name] = value.shape;
    return result;
  }

  Graph take() { return builder_.take(); }

  std::vector<std::string> notes() const {
    std::vector<std::string> unused;
    for (const onnx::TensorProto& tensor : file_.graph().initializer()) {
      if (!is_read(tensor.name())) unused.push_back(tensor.name());
    }
    if (unused.empty()) return {};
    return {fmt::format("no operator uses the stored tensors {}", fmt::join(unused, ", "))};
  }

  GraphBuilder& builder() override { return builder_; }
  int opset() const override { return opset_; }
  bool is_rebatched() const override { return is_rebatched_; }
  bool is_read(const std::string& name) const override { return read_.count(name) > 0; }

  OnnxValue& find(const std::string& name) override {
    const auto found = values_.find(name);
    if (found == values_.end()) {
      throw std::invalid_argument(fmt::format("nothing before it makes its input '{}'", name));
    }
    return found->second;
  }

  void define(const std::string& name, OnnxValue value) override {
    if (!values_.emplace(name, std::move(value)).second) {
      throw std::invalid_argument(fmt::format("'{}' is made twice", name));
    }
  }

  TensorId tensor(const std::string& name) override {
    OnnxValue& value = find(name);
    if (value.tensor == kNone) value.tensor = materialize(name, value);
    if (!value.order.empty() && is_identity(value.order)) value.order.clear();
    if (!value.order.empty()) {
      value.tensor = builder_.transpose(name, value.tensor, value.order);
      value.order.clear();
    }
    return value.tensor;
  }

  TensorId any_layout(const std::string& name, std::vector<std::size_t>& axes) override {
    OnnxValue& value = find(name);
    if (value.tensor == kNone && !value.weight.empty()) {
      const auto found = parameters_.find(value.weight);
      if (found == parameters_.end()) {
        tensor(name);
      } else {
        axes = relative(full_order(value), found->second.order);
        return found->second.tensor;
      }
    }
    if (value.tensor == kNone) tensor(name);
    axes = full_order(value);
    return value.tensor;
  }

  Shape file_shape(const std::string& name) const override {
    const auto found = file_shapes_.find(name);
    if (found == file_shapes_.end()) {
      throw std::invalid_argument(
          fmt::format("the shape of '{}' at the file's own batch is not known", name));
    }
    return found->second;
  }

 private:
  /// A stored tensor that operators use: axis i of the parameter is axis order[i] of the tensor.
  struct Parameter {
    TensorId tensor;
    std::vector<std::size_t> order;
  };

  static bool is_identity(const std::vector<std::size_t>& order) {
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (order[i] != i) return false;
    }
    return true;
  }

  static std::vector<std::size_t> full_order(const OnnxValue& value) {
    std::vector<std::size_t> order = value.order;
    for (std::size_t i = order.size(); i < value.shape.size(); ++i) order.push_back(i);
    return order;
  }

  /// The axis of a tensor that is laid out as `has` for each axis of `wanted`.
  static std::vector<std::size_t> relative(const std::vector<std::size_t>& wanted,
                                           const std::vector<std::size_t>& has) {
    std::vector<std::size_t> result;
    for (const std::size_t axis : wanted) {
      result.push_back(
          static_cast<std::size_t>(std::find(has.begin(), has.end(), axis) - has.begin()));
    }
    return result;
  }

  TensorId materialize(const std::string& name, OnnxValue& value) {
    if (value.element == OnnxElement::other) {
      throw UnknownOnnxOperator(
          fmt::format("'{}', whose elements are no numbers, is not supported", name));
    }
    if (value.element != OnnxElement::real || value.weight.empty()) {
      const char* format = value.element == OnnxElement::boolean ? "mask" : "int64";
      if (value.element == OnnxElement::real) return builder_.input(name, value.shape);
      return builder_.input(name, value.shape, number_format(format));
    }
    const auto found = parameters_.find(value.weight);
    if (found != parameters_.end()) {
      value.order = relative(full_order(value), found->second.order);
      return found->second.tensor;
    }
    // The first use decides how the parameter lies.
    const TensorId made = builder_.parameter(value.weight, value.shape);
    parameters_[value.weight] = {made, full_order(value)};
    value.order.clear();
    return made;
  }

  void read_initializers() {
    if (file_.graph().sparse_initializer_size() > 0) {
      throw InputError(fmt::format("{}: sparse initializers are not supported", file_.path()));
    }
    for (const onnx::TensorProto& tensor : file_.graph().initializer()) {
      try {
        define(tensor.name(), stored_value(tensor, tensor.name()));
      } catch (const std::exception& problem) {
        throw InputError(
            fmt::format("{}: initializer '{}': {}", file_.path(), tensor.name(), problem.what()));
      }
    }
  }

  void add_input(const OnnxInput& input, Shape shape) {
    OnnxValue value;
    value.element = input.element;
    value.shape = shape;
    try {
      if (input.element != OnnxElement::other) {
        std::optional<NumberFormat> format;
        if (input.element == OnnxElement::boolean) format = number_format("mask");
        if (input.element == OnnxElement::integer) {
          format = number_format(input.bits == 64 ? "int64" : input.bits == 8 ? "int8" : "int32");
        }
        value.tensor = builder_.input(input.name, std::move(shape), format);
      }
      define(input.name, std::move(value));
    } catch (const std::exception& problem) {
      throw InputError(fmt::format("{}: input '{}': {}", file_.path(), input.name, problem.what()));
    }
  }

  /// A result that is a transposition nobody carried out yet is one for the caller.
  void finish_output(const std::string& name) {
    try {
      const OnnxValue& value = find(name);
      if (value.tensor != kNone) tensor(name);
    } catch (const std::exception& problem) {
      throw InputError(fmt::format("{}: output '{}': {}", file_.path(), name, problem.what()));
    }
  }

  std::string unique_name(const onnx::NodeProto& node) {
    const std::string output = node.output_size() > 0 ? node.output(0) : "";
    const std::string given = !node.name().empty() ? node.name() : output;
    std::string name = given;
    for (int i = 2; !names_.insert(name).second; ++i) name = fmt::format("{}_{}", given, i);
    return name;
  }

  void import_node(const onnx::NodeProto& proto) {
    const std::string operator_name = proto.domain().empty() || proto.domain() == "ai.onnx"
                                          ? proto.op_type()
                                          : fmt::format("{}.{}", proto.domain(), proto.op_type());
    const std::string place =
        fmt::format("{}: node '{}' (output '{}'): operator '{}'", file_.path(), proto.name(),
                    proto.output_size() > 0 ? proto.output(0) : "", operator_name);
    const std::size_t operators = builder_.graph().operators().size();
    try {
      OnnxNode node(proto, unique_name(proto), *this);
      std::string reason;
      try {
        const auto importer = importers().find(operator_name);
        if (operator_name == proto.op_type() && fold_constants(node)) return;
        if (importer != importers().end()) {
          importer->second(node);
          return;
        }
      } catch (const UnknownOnnxOperator& form) {
        reason = fmt::format(": {}", form.what());
      }
      if (reason.empty()) reason = " is not known to simdse";
      if (!options_.allow_opaque) {
        throw InputError(place + reason +
                         "; --opaque takes it as a memory-bound operator of known bytes");
      }
      if (builder_.graph().operators().size() != operators) {
        throw InputError(place + reason + ", and --opaque can't take a part of it");
      }
      import_opaque(node, proto, operator_name);
    } catch (const InputError&) {
      throw;
    } catch (const std::exception& problem) {
      throw InputError(fmt::format("{}: {}", place, problem.what()));
    }
  }

  void import_opaque(OnnxNode& node, const onnx::NodeProto& proto,
                     const std::string& operator_name) {
    std::vector<TensorId> inputs;
    for (std::size_t i = 0; i < node.input_count(); ++i) {
      if (node.has(i)) inputs.push_back(node.tensor(i));
    }
    for (const std::string& name : captured(proto)) {
      if (values_.count(name) > 0) inputs.push_back(tensor(name));
    }
    std::vector<std::size_t> outputs;
    std::vector<Shape> shapes;
    for (std::size_t i = 0; i < node.output_count(); ++i) {
      if (!node.wants(i)) continue;
      if (file_shapes_.count(node.output_name(i)) == 0) {
        throw std::invalid_argument(
            fmt::format("the shape of its output '{}' is not known, so that not even its bytes are",
                        node.output_name(i)));
      }
      outputs.push_back(i);
      shapes.push_back(rebatched(node, file_shape(node.output_name(i))));
    }
    if (shapes.empty()) throw std::invalid_argument("it has no output");
    const std::vector<TensorId> results =
        builder_.opaque(node.name(), operator_name, inputs, shapes);
    for (std::size_t i = 0; i < outputs.size(); ++i) node.give(outputs[i], results[i]);
  }

  /// The shape of an opaque result at this walk's batch: the axis that has grown in an input grows
  /// in the result, where it had the same size.
  Shape rebatched(OnnxNode& node, Shape shape) const {
    if (!is_rebatched_) return shape;
    for (std::size_t i = 0; i < node.input_count(); ++i) {
      if (!node.has(i)) continue;
      const Shape& now = node.shape(i);
      const Shape before = file_shape(node.input_name(i));
      for (std::size_t axis = 0; axis < now.size(); ++axis) {
        if (now[axis] == before[axis]) continue;
        if (axis >= shape.size() || shape[axis] != before[axis]) {
          throw std::invalid_argument("where the batch is in its result is not known");
        }
        shape[axis] = now[axis];
        return shape;
      }
    }
    return shape;
  }

  const OnnxFile& file_;
  const OnnxOptions& options_;
  GraphBuilder builder_;
  const std::map<std::string, Shape>& file_shapes_;
  bool is_rebatched_;
  int opset_;
  std::unordered_map<std::string, OnnxValue> values_;
  std::unordered_map<std::string, Parameter> parameters_;
  std::set<std::string> read_;
  std::set<std::string> names_;
};

/// simdse and libonnx must agree on every shape that both know.
void compare(const OnnxFile& file, const std::map<std::string, Shape>& inferred,
             const std::map<std::string, Shape>& own) {
  for (const auto& [name, shape] : own) {
    const auto found = inferred.find(name);
    if (found == inferred.end() || found->second == shape) continue;
    throw InputError(
        fmt::format("{}: value '{}' has the shape [{}] by libonnx, but [{}] by simdse; "
                    "the file states a wrong shape, or simdse reads an operator wrongly",
                    file.path(), name, fmt::join(found->second, ", "), fmt::join(shape, ", ")));
  }
}

}  // namespace

OnnxImport import_onnx(const std::string& path, const OnnxOptions& options,
                       const TensorFormats& formats) {
  const OnnxFile file(path);
  const InputSizes sizes(file, options);
  OnnxImport result;
  result.batch = options.batch > 0 ? options.batch : sizes.file_batch();
  const bool is_rebatched = result.batch != sizes.file_batch();
  if (is_rebatched && !sizes.has_batch()) {
    throw InputError(fmt::format("{}: no input has an axis that could be the batch", path));
  }
  std::map<std::string, Shape> inputs;
  for (const OnnxInput& input : sizes.inputs()) {
    inputs[input.name] = sizes.shape(input, sizes.file_batch());
  }
  std::map<std::string, Shape> shapes = file.infer_shapes(inputs);
  Walk first(file, options, formats, shapes, false);
  first.run(sizes, sizes.file_batch());
  std::map<std::string, Shape> own = first.shapes();
  compare(file, shapes, own);
  result.notes = first.notes();
  if (!is_rebatched) {
    result.graph = first.take();
    return result;
  }
  shapes.merge(own);
  Walk second(file, options, formats, shapes, true);
  second.run(sizes, result.batch);
  result.graph = second.take();
  return result;
}

}  // namespace simdse
