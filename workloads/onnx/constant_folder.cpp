// Evaluation of what depends on constants and sizes alone: mostly the arithmetic that exporters put
// around Reshape.
#include <fmt/core.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "workloads/onnx/onnx_node.h"

namespace simdse {
namespace {

using Numbers = std::vector<OnnxNumber>;

/// Index of element `at` of `shape` along each axis.
Shape position(std::int64_t at, const Shape& shape) {
  Shape result(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    result[axis] = at % shape[axis];
    at /= shape[axis];
  }
  return result;
}

/// The element of `value` at `where`, an index into a shape that the value broadcasts to.
OnnxNumber broadcast_at(const OnnxValue& value, const Shape& where) {
  std::int64_t at = 0;
  const std::size_t missing = where.size() - value.shape.size();
  for (std::size_t axis = 0; axis < value.shape.size(); ++axis) {
    at = at * value.shape[axis] + (value.shape[axis] == 1 ? 0 : where[missing + axis]);
  }
  return value.at(at);
}

/// The element of `value` at `where` exactly.
OnnxNumber element_at(const OnnxValue& value, const Shape& where) {
  return broadcast_at(value, where);
}

/// A constant of this shape, small enough to evaluate, whose element at each index `f` gives.
template <class F>
OnnxValue make(OnnxElement element, Shape shape, F f) {
  double wanted = 1;
  for (const std::int64_t size : shape)
    wanted *= static_cast<double>(std::max<std::int64_t>(size, 0));
  if (wanted > kMaxFolded) throw UnknownOnnxOperator("a constant of that size is not supported");
  Numbers numbers;
  const std::int64_t count = element_count(shape);
  for (std::int64_t at = 0; at < count; ++at) numbers.push_back(f(position(at, shape)));
  return constant_value(element, std::move(shape), std::move(numbers));
}

struct Arithmetic {
  const char* op;
  OnnxNumber (*value)(OnnxNumber, OnnxNumber);
  bool is_boolean;
};

const std::vector<Arithmetic>& arithmetic() {
  using N = OnnxNumber;
  static const std::vector<Arithmetic> all = {
      {"Add", [](N a, N b) { return a + b; }, false},
      {"Sub", [](N a, N b) { return a - b; }, false},
      {"Mul", [](N a, N b) { return a * b; }, false},
      {"Div", [](N a, N b) { return a / b; }, false},
      {"Pow", [](N a, N b) { return std::pow(a, b); }, false},
      {"Mod", [](N a, N b) { return a - b * std::floor(a / b); }, false},
      {"Max", [](N a, N b) { return std::max(a, b); }, false},
      {"Min", [](N a, N b) { return std::min(a, b); }, false},
      {"Equal", [](N a, N b) { return N(a == b); }, true},
      {"Less", [](N a, N b) { return N(a < b); }, true},
      {"LessOrEqual", [](N a, N b) { return N(a <= b); }, true},
      {"Greater", [](N a, N b) { return N(a > b); }, true},
      {"GreaterOrEqual", [](N a, N b) { return N(a >= b); }, true},
      {"And", [](N a, N b) { return N(a != 0 && b != 0); }, true},
      {"Or", [](N a, N b) { return N(a != 0 || b != 0); }, true},
  };
  return all;
}

struct Unary {
  const char* op;
  OnnxNumber (*value)(OnnxNumber);
};

const std::vector<Unary>& unary() {
  using N = OnnxNumber;
  static const std::vector<Unary> all = {
      {"Neg", [](N x) { return -x; }},
      {"Abs", [](N x) { return std::fabs(x); }},
      {"Sqrt", [](N x) { return std::sqrt(x); }},
      {"Floor", [](N x) { return std::floor(x); }},
      {"Ceil", [](N x) { return std::ceil(x); }},
      {"Round", [](N x) { return std::nearbyint(x); }},
      {"Exp", [](N x) { return std::exp(x); }},
      {"Log", [](N x) { return std::log(x); }},
      {"Sin", [](N x) { return std::sin(x); }},
      {"Cos", [](N x) { return std::cos(x); }},
      {"Reciprocal", [](N x) { return 1 / x; }},
      {"Not", [](N x) { return N(x == 0); }},
  };
  return all;
}

OnnxValue combine(OnnxNode& node, const Arithmetic& function) {
  OnnxValue result = node.input(0);
  for (std::size_t i = 1; i < node.input_count(); ++i) {
    const OnnxValue a = result;
    const OnnxValue& b = node.input(i);
    const OnnxElement element = function.is_boolean ? OnnxElement::boolean : a.element;
    const bool is_integer_division =
        a.element == OnnxElement::integer && std::string(function.op) == "Div";
    result = make(element, broadcast_shape(a.shape, b.shape), [&](const Shape& where) {
      const OnnxNumber y = broadcast_at(b, where);
      if (is_integer_division && y == 0) throw std::invalid_argument("divides by zero");
      const OnnxNumber value = function.value(broadcast_at(a, where), y);
      return is_integer_division ? std::trunc(value) : value;
    });
  }
  result.is_stored = false;
  result.weight.clear();
  return result;
}

OnnxValue cast(OnnxNode& node) {
  const OnnxElement to = onnx_element(static_cast<int>(node.integer("to", 1)));
  if (to == OnnxElement::other) throw UnknownOnnxOperator("a cast to that type is not supported");
  const OnnxValue& x = node.input(0);
  Numbers numbers = *x.contents;
  for (OnnxNumber& number : numbers) {
    if (to == OnnxElement::boolean) number = number != 0 ? 1 : 0;
    if (to == OnnxElement::integer) number = std::trunc(number);
  }
  return constant_value(to, x.shape, std::move(numbers));
}

OnnxValue gather(OnnxNode& node) {
  const OnnxValue& data = node.input(0);
  const OnnxValue& at = node.input(1);
  const std::size_t axis = OnnxNode::axis_of(node.integer("axis", 0), data.shape.size());
  Shape shape(data.shape.begin(), data.shape.begin() + static_cast<std::ptrdiff_t>(axis));
  shape.insert(shape.end(), at.shape.begin(), at.shape.end());
  shape.insert(shape.end(), data.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1,
               data.shape.end());
  return make(data.element, shape, [&](const Shape& where) {
    const auto begin = where.begin() + static_cast<std::ptrdiff_t>(axis);
    const auto end = begin + static_cast<std::ptrdiff_t>(at.shape.size());
    auto index = to_integer(element_at(at, Shape(begin, end)));
    if (index < 0) index += data.shape[axis];
    if (index < 0 || index >= data.shape[axis]) {
      throw std::invalid_argument(fmt::format("gathers entry {} of {}", index, data.shape[axis]));
    }
    Shape source(where.begin(), begin);
    source.push_back(index);
    source.insert(source.end(), end, where.end());
    return element_at(data, source);
  });
}

OnnxValue slice(OnnxNode& node) {
  const OnnxValue& data = node.input(0);
  const Shape starts = node.integers_or_input("starts", 1);
  const Shape ends = node.integers_or_input("ends", 2);
  Shape axes = node.integers_or_input("axes", 3);
  for (std::size_t i = axes.size(); i < starts.size(); ++i) {
    axes.push_back(static_cast<std::int64_t>(i));
  }
  const Shape steps = node.has(4) ? node.integers_of(4, "input 'steps'") : Shape(axes.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != axes.size()) {
    throw std::invalid_argument("starts, ends, axes and steps differ in length");
  }
  Shape shape = data.shape;
  Shape first(shape.size(), 0);
  Shape stride(shape.size(), 1);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::size_t axis = OnnxNode::axis_of(axes[i], shape.size());
    const std::int64_t size = data.shape[axis];
    const std::int64_t step = steps[i];
    if (step == 0) throw std::invalid_argument("a step is 0");
    const std::int64_t low = step > 0 ? 0 : -1;
    const auto clamp = [&](std::int64_t at) {
      if (at < 0) at = std::max(at, -size - 1) + size;
      return std::clamp<std::int64_t>(at, low, step > 0 ? size : size - 1);
    };
    first[axis] = clamp(starts[i]);
    // -1 as an end of a backward slice means the last entry, as everywhere.
    const std::int64_t end = clamp(ends[i]);
    const std::int64_t span = step > 0 ? end - first[axis] : first[axis] - end;
    const std::int64_t length = step > 0 ? step : -std::max(step, -kMaxFolded - 1);
    shape[axis] = span <= 0 ? 0 : 1 + (span - 1) / length;
    stride[axis] = step;
  }
  return make(data.element, shape, [&](const Shape& where) {
    Shape source = where;
    for (std::size_t i = 0; i < source.size(); ++i) source[i] = first[i] + where[i] * stride[i];
    return element_at(data, source);
  });
}

OnnxValue concat(OnnxNode& node) {
  const std::size_t axis = OnnxNode::axis_of(node.integer("axis", 0), node.rank(0));
  Shape shape = node.shape(0);
  for (std::size_t i = 1; i < node.input_count(); ++i) {
    if (node.rank(i) != shape.size()) throw std::invalid_argument("the inputs differ in rank");
    shape[axis] += node.shape(i)[axis];
  }
  return make(node.input(0).element, shape, [&](Shape where) {
    std::size_t part = 0;
    while (where[axis] >= node.shape(part)[axis]) where[axis] -= node.shape(part++)[axis];
    return element_at(node.input(part), where);
  });
}

OnnxValue range(OnnxNode& node) {
  const OnnxNumber start = node.input(0).at(0);
  const OnnxNumber step = node.input(2).at(0);
  const OnnxNumber count = std::ceil((node.input(1).at(0) - start) / step);
  if (!(count >= 0 && count <= kMaxFolded))
    throw UnknownOnnxOperator("a range of that size is not supported");
  return make(node.input(0).element, {static_cast<std::int64_t>(count)},
              [&](const Shape& where) { return start + static_cast<OnnxNumber>(where[0]) * step; });
}

/// Sums, products and extremes over axes.
OnnxValue reduce(OnnxNode& node) {
  const OnnxValue& x = node.input(0);
  const bool keeps = node.integer("keepdims", 1) != 0;
  std::vector<bool> is_reduced(x.shape.size(), false);
  Shape axes = node.integers_or_input("axes", 1);
  if (axes.empty()) is_reduced.assign(x.shape.size(), true);
  for (const std::int64_t axis : axes) is_reduced[OnnxNode::axis_of(axis, x.shape.size())] = true;
  Shape kept;
  for (std::size_t i = 0; i < x.shape.size(); ++i) kept.push_back(is_reduced[i] ? 1 : x.shape[i]);
  std::map<Shape, OnnxNumber> sums;
  for (std::int64_t at = 0; at < x.elements(); ++at) {
    Shape where = position(at, x.shape);
    for (std::size_t i = 0; i < where.size(); ++i) where[i] = is_reduced[i] ? 0 : where[i];
    const auto [place, is_new] = sums.emplace(where, x.at(at));
    if (is_new) continue;
    OnnxNumber& sum = place->second;
    if (node.op() == "ReduceProd") sum *= x.at(at);
    if (node.op() == "ReduceSum") sum += x.at(at);
    if (node.op() == "ReduceMax") sum = std::max(sum, x.at(at));
    if (node.op() == "ReduceMin") sum = std::min(sum, x.at(at));
  }
  OnnxValue result = make(x.element, kept, [&](const Shape& where) { return sums.at(where); });
  if (keeps) return result;
  result.shape.clear();
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (!is_reduced[i]) result.shape.push_back(kept[i]);
  }
  return result;
}

OnnxValue non_zero(OnnxNode& node) {
  const OnnxValue& x = node.input(0);
  std::vector<Shape> found;
  for (std::int64_t at = 0; at < x.elements(); ++at) {
    if (x.at(at) != 0) found.push_back(position(at, x.shape));
  }
  const Shape shape = {static_cast<std::int64_t>(x.shape.size()),
                       static_cast<std::int64_t>(found.size())};
  return make(OnnxElement::integer, shape, [&](const Shape& where) {
    return static_cast<OnnxNumber>(
        found[static_cast<std::size_t>(where[1])][static_cast<std::size_t>(where[0])]);
  });
}

OnnxValue transpose(OnnxNode& node) {
  const OnnxValue& x = node.input(0);
  Shape order = node.integers("perm");
  if (order.empty()) {
    for (std::size_t i = x.shape.size(); i-- > 0;) order.push_back(static_cast<std::int64_t>(i));
  }
  if (order.size() != x.shape.size()) throw std::invalid_argument("perm is no permutation");
  Shape shape;
  for (const std::int64_t axis : order) {
    shape.push_back(x.shape[OnnxNode::axis_of(axis, x.shape.size())]);
  }
  return make(x.element, shape, [&](const Shape& where) {
    Shape source(where.size(), 0);
    for (std::size_t i = 0; i < where.size(); ++i) {
      source[static_cast<std::size_t>(order[i])] = where[i];
    }
    return element_at(x, source);
  });
}

OnnxValue expand(OnnxNode& node) {
  const OnnxValue& x = node.input(0);
  const Shape shape = broadcast_shape(x.shape, node.integers_of(1, "the shape"));
  if (x.is_uniform()) {
    OnnxValue result = constant_value(x.element, shape, {x.at(0)});
    return result;
  }
  return make(x.element, shape, [&](const Shape& where) { return broadcast_at(x, where); });
}

OnnxValue where(OnnxNode& node) {
  const OnnxValue& condition = node.input(0);
  const OnnxValue& x = node.input(1);
  const OnnxValue& y = node.input(2);
  const Shape shape = broadcast_shape(broadcast_shape(condition.shape, x.shape), y.shape);
  return make(x.element, shape, [&](const Shape& at) {
    return broadcast_at(condition, at) != 0 ? broadcast_at(x, at) : broadcast_at(y, at);
  });
}

/// Shape and Size know their result whatever the input is.
bool fold_sizes(OnnxNode& node) {
  const Shape& shape = node.shape(0);
  Numbers sizes(shape.begin(), shape.end());
  if (node.op() == "Size") {
    const auto count = static_cast<OnnxNumber>(element_count(shape));
    node.give(0, constant_value(OnnxElement::integer, {}, {count}));
    return true;
  }
  const auto rank = static_cast<std::int64_t>(sizes.size());
  const auto bound = [&](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t start = bound(node.integer("start", 0));
  const std::int64_t end = std::max(start, bound(node.integer("end", rank)));
  sizes = Numbers(sizes.begin() + start, sizes.begin() + end);
  const auto count = static_cast<std::int64_t>(sizes.size());
  node.give(0, constant_value(OnnxElement::integer, {count}, std::move(sizes)));
  return true;
}

bool fold_stored(OnnxNode& node) {
  for (const char* name : {"value", "sparse_value"}) {
    const onnx::AttributeProto* value = node.attribute(name);
    if (value == nullptr) continue;
    if (!value->has_t()) throw UnknownOnnxOperator("a sparse constant is not supported");
    node.give(0, stored_value(value->t(), node.output_name(0)));
    return true;
  }
  OnnxValue value;
  for (const onnx::AttributeProto* list :
       {node.attribute("value_int"), node.attribute("value_ints"), node.attribute("value_float"),
        node.attribute("value_floats")}) {
    if (list == nullptr) continue;
    const bool is_real = list->name().find("float") != std::string::npos;
    const bool is_list = list->name().back() == 's';
    Numbers numbers;
    if (is_list && is_real) numbers = Numbers(list->floats().begin(), list->floats().end());
    if (is_list && !is_real) numbers = Numbers(list->ints().begin(), list->ints().end());
    if (!is_list) {
      numbers = {is_real ? static_cast<OnnxNumber>(list->f()) : static_cast<OnnxNumber>(list->i())};
    }
    const auto count = static_cast<std::int64_t>(numbers.size());
    value = constant_value(is_real ? OnnxElement::real : OnnxElement::integer,
                           is_list ? Shape{count} : Shape{}, std::move(numbers));
    value.is_stored = true;
    value.weight = node.output_name(0);
    node.give(0, value);
    return true;
  }
  throw UnknownOnnxOperator("a constant of text is not supported");
}

bool fold_filled(OnnxNode& node) {
  OnnxValue result;
  result.shape = node.integers_of(0, "the shape");
  for (const std::int64_t size : result.shape) {
    if (size < 0) throw std::invalid_argument("has an axis of negative size");
  }
  OnnxNumber fill = 0;
  if (const onnx::AttributeProto* value = node.attribute("value")) {
    const OnnxValue stored = stored_value(value->t(), "");
    result.element = stored.element;
    if (stored.contents != nullptr && !stored.contents->empty()) fill = stored.at(0);
  }
  result.is_stored = node.input(0).is_stored;
  if (result.is_stored) result.weight = node.output_name(0);
  const bool is_empty = std::count(result.shape.begin(), result.shape.end(), 0) > 0;
  result.contents = std::make_shared<const Numbers>(is_empty ? Numbers{} : Numbers{fill});
  node.give(0, std::move(result));
  return true;
}

bool is_known(const OnnxValue& value) {
  return value.contents != nullptr && !value.is_weight() && value.order.empty();
}

}  // namespace

bool fold_constants(OnnxNode& node) {
  const std::string& op = node.op();
  if (op == "Shape" || op == "Size") return fold_sizes(node);
  if (op == "Constant") return fold_stored(node);
  if (op == "ConstantOfShape") return fold_filled(node);
  bool is_stored = true;
  for (std::size_t i = 0; i < node.input_count(); ++i) {
    if (!node.has(i)) continue;
    const OnnxValue& value = node.input(i);
    if (!is_known(value)) return false;
    is_stored = is_stored && value.is_stored;
  }
  if (node.input_count() == 0) return false;
  const auto give = [&](OnnxValue value) {
    // What is computed from stored integers alone is as good as stored: the shape of a weight.
    value.is_stored = is_stored;
    node.give(0, std::move(value));
    return true;
  };
  for (const Arithmetic& function : arithmetic()) {
    if (op == function.op) return give(combine(node, function));
  }
  for (const Unary& function : unary()) {
    if (op != function.op) continue;
    const OnnxValue& x = node.input(0);
    Numbers numbers = *x.contents;
    std::transform(numbers.begin(), numbers.end(), numbers.begin(), function.value);
    return give(constant_value(x.element, x.shape, std::move(numbers)));
  }
  using Fold = OnnxValue (*)(OnnxNode&);
  static const std::map<std::string, Fold> folds = {
      {"Cast", cast},        {"Gather", gather},       {"Slice", slice},
      {"Concat", concat},    {"Range", range},         {"ReduceProd", reduce},
      {"ReduceSum", reduce}, {"ReduceMax", reduce},    {"ReduceMin", reduce},
      {"NonZero", non_zero}, {"Transpose", transpose}, {"Expand", expand},
      {"Where", where}};
  const auto found = folds.find(op);
  return found != folds.end() && give(found->second(node));
}

}  // namespace simdse
