// What an import knows of a value of an ONNX graph.
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "workloads/onnx/onnx_file.h"
#include "workloads/tensor.h"

namespace simdse {

/// Holds every 64-bit integer and every double exactly.
using OnnxNumber = long double;
static_assert(std::numeric_limits<OnnxNumber>::digits >= 64);

/// Tensors of more elements are never evaluated.
constexpr std::int64_t kMaxFolded = 65536;

/// The nearest 64-bit integer towards zero; 0 for what is no number.
inline std::int64_t to_integer(OnnxNumber number) {
  if (number != number) return 0;
  constexpr OnnxNumber limit = 9223372036854775807.0L;  // 2^63 - 1
  if (number >= limit) return std::numeric_limits<std::int64_t>::max();
  return number <= -limit ? -std::numeric_limits<std::int64_t>::max()
                          : static_cast<std::int64_t>(number);
}

/// A value is a tensor of the training graph, or a weight that no operator has used yet, or a
/// constant of which some or all elements are known; or several of these.
struct OnnxValue {
  OnnxElement element = OnnxElement::real;
  Shape shape;
  /// Known contents: all elements in order or, where all are equal, that one; null if not known.
  std::shared_ptr<const std::vector<OnnxNumber>> contents;
  /// From an initializer or a constant node, not computed from the sizes of inputs.
  bool is_stored = false;
  std::string weight;  ///< the stored tensor that this value is a view of; "" if none
  TensorId tensor = kNone;
  /// Axis i of the value is axis order[i] of the tensor or weight: a transposition that nobody had
  /// to carry out yet. Empty: in order.
  std::vector<std::size_t> order;

  std::int64_t elements() const { return element_count(shape); }
  bool is_uniform() const { return contents != nullptr && contents->size() == 1; }
  /// Real and stored, with more than one element: trained, once an operator uses it.
  bool is_weight() const {
    return !weight.empty() && element == OnnxElement::real && elements() > 1;
  }
  /// A number that an operator can have built in.
  bool is_literal() const { return is_uniform() && !is_weight(); }
  double literal() const { return static_cast<double>(contents->front()); }
  OnnxNumber at(std::int64_t i) const {
    return contents->size() == 1 ? contents->front() : (*contents)[static_cast<std::size_t>(i)];
  }
};

/// A constant with these elements.
inline OnnxValue constant_value(OnnxElement element, Shape shape,
                                std::vector<OnnxNumber> contents) {
  OnnxValue value;
  value.element = element;
  value.shape = std::move(shape);
  value.contents = std::make_shared<const std::vector<OnnxNumber>>(std::move(contents));
  return value;
}

}  // namespace simdse
