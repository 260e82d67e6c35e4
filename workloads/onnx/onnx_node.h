// One node of an ONNX graph, as the importers of operators see it.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "workloads/graph_builder.h"
#include "workloads/onnx/onnx_value.h"

namespace onnx {
class AttributeProto;
class NodeProto;
class TensorProto;
}  // namespace onnx

namespace simdse {

/// An operator, or a form of it, that can't be imported: with --opaque only its bytes count.
class UnknownOnnxOperator : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The values of a graph and what they have become in the training graph.
class OnnxValues {
 public:
  virtual ~OnnxValues() = default;
  virtual GraphBuilder& builder() = 0;
  virtual int opset() const = 0;
  /// The value; throws std::invalid_argument when no node before made it.
  virtual OnnxValue& find(const std::string& name) = 0;
  virtual void define(const std::string& name, OnnxValue value) = 0;
  /// The tensor with the elements of the value in their order: made if need be, once for each
  /// name. Weights become parameters, other constants given inputs.
  virtual TensorId tensor(const std::string& name) = 0;
  /// The tensor that a contraction can read and the axis of it for each axis of the value.
  virtual TensorId any_layout(const std::string& name, std::vector<std::size_t>& axes) = 0;
  /// Shape of the value at the file's own batch.
  virtual Shape file_shape(const std::string& name) const = 0;
  /// True when a node or the caller uses the value.
  virtual bool is_read(const std::string& name) const = 0;
  /// True when the import is at another batch than the file's own.
  virtual bool is_rebatched() const = 0;
};

/// Throws std::invalid_argument for what contradicts ONNX, UnknownOnnxOperator for what is not
/// supported.
class OnnxNode {
 public:
  OnnxNode(const onnx::NodeProto& proto, std::string name, OnnxValues& values);

  const std::string& op() const;
  /// Unique among operators.
  const std::string& name() const { return name_; }
  int opset() const { return values_.opset(); }
  GraphBuilder& builder() { return values_.builder(); }
  OnnxValues& values() { return values_; }

  std::size_t input_count() const;
  bool has(std::size_t i) const;  ///< input i is given
  const std::string& input_name(std::size_t i) const;
  const OnnxValue& input(std::size_t i) const;
  const Shape& shape(std::size_t i) const { return input(i).shape; }
  std::size_t rank(std::size_t i) const { return shape(i).size(); }
  TensorId tensor(std::size_t i) { return values_.tensor(input_name(i)); }
  /// Known elements of an input as integers; `what` names it in the message when they aren't known.
  Shape integers_of(std::size_t i, const std::string& what) const;
  /// The one known number of an input.
  double number_of(std::size_t i, const std::string& what) const;

  std::size_t output_count() const;
  bool wants(std::size_t i) const;  ///< a node or the caller uses output i
  const std::string& output_name(std::size_t i) const;
  void give(std::size_t output, OnnxValue value) {
    values_.define(output_name(output), std::move(value));
  }
  void give(std::size_t output, TensorId tensor, OnnxElement element = OnnxElement::real);
  /// Throws UnknownOnnxOperator when an output from the i-th on is wanted.
  void has_only_outputs(std::size_t count) const;

  const onnx::AttributeProto* attribute(const std::string& name) const;
  std::int64_t integer(const std::string& name, std::int64_t fallback) const;
  double real(const std::string& name, double fallback) const;
  std::string text(const std::string& name, const std::string& fallback) const;
  Shape integers(const std::string& name, Shape fallback = {}) const;
  /// The integers of an attribute or, in later versions, of input i; `fallback` where neither is.
  Shape integers_or_input(const std::string& name, std::size_t i, Shape fallback = {}) const;

  /// `axis` counted from the front. Throws std::invalid_argument.
  static std::size_t axis_of(std::int64_t axis, std::size_t rank);

 private:
  const onnx::NodeProto& proto_;
  std::string name_;
  OnnxValues& values_;
};

/// The stored value of a tensor of the file: an initializer or an attribute.
OnnxValue stored_value(const onnx::TensorProto& tensor, const std::string& name);

/// Evaluates the node when its results are known from constants and sizes alone.
bool fold_constants(OnnxNode& node);

using OnnxImporter = void (*)(OnnxNode&);
struct OnnxImporterEntry {
  const char* op;
  OnnxImporter run;
};

/// The importers of each family of operators.
const std::vector<OnnxImporterEntry>& contraction_importers();
const std::vector<OnnxImporterEntry>& window_importers();
const std::vector<OnnxImporterEntry>& elementwise_importers();
const std::vector<OnnxImporterEntry>& reduction_importers();
const std::vector<OnnxImporterEntry>& layout_importers();
const std::vector<OnnxImporterEntry>& recurrent_importers();

}  // namespace simdse
