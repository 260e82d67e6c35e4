#include "workloads/onnx/onnx_node.h"

#include <fmt/core.h>
#include <onnx/onnx_pb.h>

#include <cmath>
#include <cstring>

namespace simdse {

OnnxNode::OnnxNode(const onnx::NodeProto& proto, std::string name, OnnxValues& values)
    : proto_(proto), name_(std::move(name)), values_(values) {}

const std::string& OnnxNode::op() const { return proto_.op_type(); }
std::size_t OnnxNode::input_count() const { return static_cast<std::size_t>(proto_.input_size()); }
bool OnnxNode::has(std::size_t i) const {
  return i < input_count() && !proto_.input(static_cast<int>(i)).empty();
}

const std::string& OnnxNode::input_name(std::size_t i) const {
  if (!has(i)) throw std::invalid_argument(fmt::format("input {} is missing", i));
  return proto_.input(static_cast<int>(i));
}

const OnnxValue& OnnxNode::input(std::size_t i) const { return values_.find(input_name(i)); }

Shape OnnxNode::integers_of(std::size_t i, const std::string& what) const {
  const OnnxValue& value = input(i);
  if (value.contents == nullptr || value.elements() > kMaxFolded) {
    throw UnknownOnnxOperator(what + " is not known before the network runs");
  }
  Shape result;
  for (std::int64_t at = 0; at < value.elements(); ++at) {
    result.push_back(to_integer(value.at(at)));
  }
  return result;
}

double OnnxNode::number_of(std::size_t i, const std::string& what) const {
  const OnnxValue& value = input(i);
  if (!value.is_uniform()) {
    throw UnknownOnnxOperator(what + " is not known before the network runs");
  }
  return value.literal();
}

std::size_t OnnxNode::output_count() const {
  return static_cast<std::size_t>(proto_.output_size());
}
bool OnnxNode::wants(std::size_t i) const {
  if (i >= output_count()) return false;
  const std::string& name = proto_.output(static_cast<int>(i));
  return !name.empty() && values_.is_read(name);
}

const std::string& OnnxNode::output_name(std::size_t i) const {
  if (i >= output_count() || proto_.output(static_cast<int>(i)).empty())
    throw std::invalid_argument(fmt::format("output {} has no name", i));
  return proto_.output(static_cast<int>(i));
}

void OnnxNode::give(std::size_t output, TensorId tensor, OnnxElement element) {
  OnnxValue value;
  value.element = element;
  value.shape = builder().shape(tensor);
  value.tensor = tensor;
  give(output, std::move(value));
}

void OnnxNode::has_only_outputs(std::size_t count) const {
  for (std::size_t i = count; i < output_count(); ++i) {
    if (wants(i)) {
      throw UnknownOnnxOperator(
          fmt::format("the use of its output '{}' is not supported", output_name(i)));
    }
  }
}

const onnx::AttributeProto* OnnxNode::attribute(const std::string& name) const {
  for (const onnx::AttributeProto& attribute : proto_.attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

std::int64_t OnnxNode::integer(const std::string& name, std::int64_t fallback) const {
  const onnx::AttributeProto* found = attribute(name);
  return found == nullptr ? fallback : found->i();
}

double OnnxNode::real(const std::string& name, double fallback) const {
  const onnx::AttributeProto* found = attribute(name);
  return found == nullptr ? fallback : static_cast<double>(found->f());
}

std::string OnnxNode::text(const std::string& name, const std::string& fallback) const {
  const onnx::AttributeProto* found = attribute(name);
  return found == nullptr ? fallback : found->s();
}

Shape OnnxNode::integers(const std::string& name, Shape fallback) const {
  const onnx::AttributeProto* found = attribute(name);
  return found == nullptr ? std::move(fallback) : Shape(found->ints().begin(), found->ints().end());
}

Shape OnnxNode::integers_or_input(const std::string& name, std::size_t i, Shape fallback) const {
  if (attribute(name) != nullptr) return integers(name);
  return has(i) ? integers_of(i, "input '" + name + "'") : std::move(fallback);
}

std::size_t OnnxNode::axis_of(std::int64_t axis, std::size_t rank) {
  const auto count = static_cast<std::int64_t>(rank);
  const std::int64_t result = axis < 0 ? axis + count : axis;
  if (result < 0 || result >= count) {
    throw std::invalid_argument(fmt::format("has no axis {} of {}", axis, rank));
  }
  return static_cast<std::size_t>(result);
}

namespace {

/// The value of an IEEE half (or, with `exponent_bits` 8, a bfloat16).
OnnxNumber small_float(std::uint16_t bits, int exponent_bits) {
  const int mantissa_bits = 15 - exponent_bits;
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  const int exponent = (bits >> mantissa_bits) & ((1 << exponent_bits) - 1);
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const bool is_normal = exponent != 0;
  OnnxNumber value = static_cast<OnnxNumber>(mantissa + (is_normal ? 1 << mantissa_bits : 0));
  value = std::ldexp(value, (is_normal ? exponent : 1) - bias - mantissa_bits);
  if (exponent == (1 << exponent_bits) - 1) {
    value = mantissa == 0 ? std::numeric_limits<OnnxNumber>::infinity()
                          : std::numeric_limits<OnnxNumber>::quiet_NaN();
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

template <class T>
std::vector<OnnxNumber> raw_elements(const std::string& raw, std::size_t count) {
  if (raw.size() != count * sizeof(T)) {
    throw std::invalid_argument(fmt::format("{} bytes can't hold {} elements", raw.size(), count));
  }
  std::vector<T> values(count);
  if (count > 0) std::memcpy(values.data(), raw.data(), raw.size());
  return {values.begin(), values.end()};
}

std::vector<OnnxNumber> raw_small_floats(const std::string& raw, std::size_t count, int exponent) {
  std::vector<OnnxNumber> result;
  for (const OnnxNumber bits : raw_elements<std::uint16_t>(raw, count)) {
    result.push_back(small_float(static_cast<std::uint16_t>(bits), exponent));
  }
  return result;
}

std::vector<OnnxNumber> raw_contents(const onnx::TensorProto& tensor, std::size_t count) {
  const std::string& raw = tensor.raw_data();
  switch (tensor.data_type()) {
    case onnx::TensorProto::FLOAT:
      return raw_elements<float>(raw, count);
    case onnx::TensorProto::DOUBLE:
      return raw_elements<double>(raw, count);
    case onnx::TensorProto::FLOAT16:
      return raw_small_floats(raw, count, 5);
    case onnx::TensorProto::BFLOAT16:
      return raw_small_floats(raw, count, 8);
    case onnx::TensorProto::INT64:
      return raw_elements<std::int64_t>(raw, count);
    case onnx::TensorProto::UINT64:
      return raw_elements<std::uint64_t>(raw, count);
    case onnx::TensorProto::INT32:
      return raw_elements<std::int32_t>(raw, count);
    case onnx::TensorProto::UINT32:
      return raw_elements<std::uint32_t>(raw, count);
    case onnx::TensorProto::INT16:
      return raw_elements<std::int16_t>(raw, count);
    case onnx::TensorProto::UINT16:
      return raw_elements<std::uint16_t>(raw, count);
    case onnx::TensorProto::INT8:
      return raw_elements<std::int8_t>(raw, count);
    case onnx::TensorProto::BOOL:
    case onnx::TensorProto::UINT8:
      return raw_elements<std::uint8_t>(raw, count);
    default:
      return {};
  }
}

std::vector<OnnxNumber> listed_contents(const onnx::TensorProto& tensor) {
  switch (tensor.data_type()) {
    case onnx::TensorProto::FLOAT:
      return {tensor.float_data().begin(), tensor.float_data().end()};
    case onnx::TensorProto::DOUBLE:
      return {tensor.double_data().begin(), tensor.double_data().end()};
    case onnx::TensorProto::INT64:
      return {tensor.int64_data().begin(), tensor.int64_data().end()};
    case onnx::TensorProto::UINT32:
    case onnx::TensorProto::UINT64:
      return {tensor.uint64_data().begin(), tensor.uint64_data().end()};
    case onnx::TensorProto::FLOAT16:
    case onnx::TensorProto::BFLOAT16: {
      std::vector<OnnxNumber> result;
      for (const std::int32_t bits : tensor.int32_data()) {
        result.push_back(small_float(static_cast<std::uint16_t>(bits),
                                     tensor.data_type() == onnx::TensorProto::FLOAT16 ? 5 : 8));
      }
      return result;
    }
    default:
      return {tensor.int32_data().begin(), tensor.int32_data().end()};
  }
}

}  // namespace

OnnxValue stored_value(const onnx::TensorProto& tensor, const std::string& name) {
  OnnxValue value;
  value.element = onnx_element(tensor.data_type());
  value.is_stored = true;
  double elements = 1;
  for (const std::int64_t size : tensor.dims()) {
    if (size < 0) throw std::invalid_argument("has an axis of negative size");
    elements *= static_cast<double>(size);
    value.shape.push_back(size);
  }
  constexpr double max_elements = 4503599627370496.0;  // 2^52, as in GraphBuilder
  if (elements > max_elements) throw std::invalid_argument("has more than 2^52 elements");
  value.weight = name;
  const bool is_external = tensor.data_location() == onnx::TensorProto::EXTERNAL;
  if (value.element == OnnxElement::other || is_external || elements > kMaxFolded) return value;
  const auto count = static_cast<std::size_t>(elements);
  std::vector<OnnxNumber> contents =
      tensor.has_raw_data() ? raw_contents(tensor, count) : listed_contents(tensor);
  // Some files keep shapes of weights and leave out what is in them.
  if (contents.empty() && count > 0) return value;
  if (contents.size() != count) {
    throw std::invalid_argument(
        fmt::format("lists {} elements where its shape has {}", contents.size(), count));
  }
  value.contents = std::make_shared<const std::vector<OnnxNumber>>(std::move(contents));
  return value;
}

}  // namespace simdse
