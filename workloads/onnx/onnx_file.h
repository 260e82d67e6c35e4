// One .onnx file: read, checked for what protobuf does not check, and its shapes inferred.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "workloads/tensor.h"

namespace onnx {
class GraphProto;
class TypeProto;
}  // namespace onnx

namespace simdse {

/// A size of a graph input: a number, or a symbol whose value the user gives, or neither.
struct OnnxDimension {
  std::int64_t size = 0;  ///< 0: not a number
  std::string symbol;     ///< "": none
};

/// What the elements of a value are, as far as an import cares.
enum class OnnxElement { real, integer, boolean, other };

/// A tensor that is given from outside: an input of the graph without an initializer.
struct OnnxInput {
  std::string name;
  OnnxElement element = OnnxElement::real;
  int bits = 32;  ///< of one element
  std::vector<OnnxDimension> dimensions;
};

class OnnxFile {
 public:
  /// Throws InputError when the file can't be read, is no ONNX model, has no graph, or is larger
  /// than the 2 GiB that protobuf can hold.
  explicit OnnxFile(const std::string& path);
  ~OnnxFile();
  OnnxFile(const OnnxFile&) = delete;
  OnnxFile& operator=(const OnnxFile&) = delete;

  const std::string& path() const { return path_; }
  const onnx::GraphProto& graph() const;
  /// Version of the standard operators.
  int opset() const;
  /// Throws InputError for an input that is no tensor or has no known number of axes.
  std::vector<OnnxInput> inputs() const;

  /// Every shape that libonnx infers from these shapes of the inputs; values of which it knows only
  /// a part of the shape are left out. Throws InputError where libonnx finds a contradiction.
  std::map<std::string, Shape> infer_shapes(const std::map<std::string, Shape>& inputs) const;

 private:
  struct Content;

  std::string path_;
  std::unique_ptr<Content> content_;
};

/// The kind of an ONNX element type (TensorProto::DataType) and its width in bits.
OnnxElement onnx_element(int data_type);
int onnx_element_bits(int data_type);

}  // namespace simdse
