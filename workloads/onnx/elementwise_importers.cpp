// Elementwise operators. Constants of one element are built into the operator.
#include <fmt/core.h>

#include <cmath>
#include <limits>

#include "workloads/onnx/onnx_node.h"

namespace simdse {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Adds elementwise operators of one node; each but the last gets a name of its own.
class Formula {
 public:
  explicit Formula(OnnxNode& node) : node_(node) {}

  TensorId apply(const std::string& function, std::vector<TensorId> operands,
                 ElementwiseFunction::Constants constants = {}) {
    const std::string name =
        count_ == 0 ? node_.name() : fmt::format("{}.{}{}", node_.name(), function, count_);
    ++count_;
    return node_.builder().elementwise(name, function, std::move(operands), constants);
  }
  TensorId apply(const std::string& function, TensorId x, double constant) {
    return apply(function, std::vector<TensorId>{x}, ElementwiseFunction::Constants{constant});
  }

 private:
  OnnxNode& node_;
  int count_ = 0;
};

struct Operand {
  TensorId tensor = kNone;
  double literal = 0;
  Shape shape;
  bool is_literal() const { return tensor == kNone; }
};

Operand operand(OnnxNode& node, std::size_t i) {
  const OnnxValue& value = node.input(i);
  if (value.is_literal() && value.tensor == kNone) return {kNone, value.literal(), value.shape};
  Operand result;
  result.tensor = node.tensor(i);
  result.shape = node.builder().shape(result.tensor);
  // Up to opset 6 the second operand says where its axes belong.
  if (i == 1 && node.integer("broadcast", 0) != 0 && node.attribute("axis") != nullptr) {
    const std::size_t axis = OnnxNode::axis_of(node.integer("axis", 0), node.rank(0));
    Shape aligned = result.shape;
    while (aligned.size() + axis < node.rank(0)) aligned.push_back(1);
    result.tensor = node.builder().reshape(node.name() + ".operand", result.tensor, aligned);
    result.shape = aligned;
  }
  return result;
}

TensorId spread(OnnxNode& node, TensorId y, const Shape& other) {
  const Shape shape = broadcast_shape(node.builder().shape(y), other);
  if (shape == node.builder().shape(y)) return y;
  return node.builder().broadcast(node.name() + ".spread", y, shape);
}

Operand binary(OnnxNode& node, Formula& formula, const std::string& function, Operand x,
               Operand y) {
  Operand result;
  if (x.is_literal() && y.is_literal()) {
    throw UnknownOnnxOperator("a result of two constants is not supported");
  }
  if (!x.is_literal() && !y.is_literal()) {
    result.tensor = formula.apply(function, {x.tensor, y.tensor});
  } else {
    const TensorId tensor = x.is_literal() ? y.tensor : x.tensor;
    const double c = x.is_literal() ? x.literal : y.literal;
    if (function == "add") {
      result.tensor = formula.apply("shift", tensor, c);
    } else if (function == "multiply") {
      result.tensor = formula.apply("scale", tensor, c);
    } else if (function == "subtract") {
      result.tensor = x.is_literal() ? formula.apply("shift", formula.apply("negate", {tensor}), c)
                                     : formula.apply("shift", tensor, -c);
    } else if (function == "divide" && !x.is_literal()) {
      result.tensor = formula.apply("scale", tensor, 1 / c);
    } else if (function == "divide") {
      const TensorId inverse = formula.apply("reciprocal", {tensor});
      result.tensor = c == 1 ? inverse : formula.apply("scale", inverse, c);
    } else if (function == "maximum") {
      result.tensor = formula.apply("clip", {tensor}, {c, kInfinity});
    } else if (function == "minimum") {
      result.tensor = formula.apply("clip", {tensor}, {-kInfinity, c});
    }
    result.tensor = spread(node, result.tensor, x.is_literal() ? x.shape : y.shape);
  }
  result.shape = node.builder().shape(result.tensor);
  return result;
}

/// Binary functions of any number of operands, from the left.
void import_chain(OnnxNode& node, const std::string& function) {
  Formula formula(node);
  Operand result = operand(node, 0);
  for (std::size_t i = 1; i < node.input_count(); ++i) {
    const Operand next = operand(node, i);
    const bool is_extreme = function == "maximum" || function == "minimum";
    if (is_extreme && !result.is_literal() && !next.is_literal()) {
      // max(x, y) = y + relu(x - y), min(x, y) = x - relu(x - y)
      const TensorId over =
          formula.apply("relu", {formula.apply("subtract", {result.tensor, next.tensor})});
      result.tensor = function == "maximum" ? formula.apply("add", {next.tensor, over})
                                            : formula.apply("subtract", {result.tensor, over});
      result.shape = node.builder().shape(result.tensor);
    } else {
      result = binary(node, formula, function, result, next);
    }
  }
  if (result.is_literal()) {
    result.tensor = node.tensor(0);
  }
  node.give(0, result.tensor);
}

/// The mean of several operands.
void import_mean(OnnxNode& node) {
  Formula formula(node);
  Operand sum = operand(node, 0);
  for (std::size_t i = 1; i < node.input_count(); ++i) {
    sum = binary(node, formula, "add", sum, operand(node, i));
  }
  if (sum.is_literal()) sum.tensor = node.tensor(0);
  if (node.input_count() > 1) {
    sum.tensor = formula.apply("scale", sum.tensor, 1.0 / static_cast<double>(node.input_count()));
  }
  node.give(0, sum.tensor);
}

void import_power(OnnxNode& node) {
  Formula formula(node);
  const Operand x = operand(node, 0);
  const Operand y = operand(node, 1);
  TensorId result;
  if (x.is_literal()) {
    // c^y = exp(y ln c)
    result = formula.apply("exp", {formula.apply("scale", node.tensor(1), std::log(x.literal))});
    result = spread(node, result, x.shape);
  } else if (!y.is_literal()) {
    const TensorId logarithm = formula.apply("log", {x.tensor});
    result = formula.apply("exp", {formula.apply("multiply", {logarithm, y.tensor})});
  } else {
    const double c = y.literal;
    result = c == 2     ? formula.apply("square", {x.tensor})
             : c == 0.5 ? formula.apply("sqrt", {x.tensor})
             : c == -1  ? formula.apply("reciprocal", {x.tensor})
                        : formula.apply("power", x.tensor, c);
    result = spread(node, result, y.shape);
  }
  node.give(0, result);
}

/// Bounds and ratios that are attributes in old versions and inputs in new ones.
double number_or_input(OnnxNode& node, const char* name, std::size_t i, double fallback) {
  if (node.attribute(name) != nullptr) return node.real(name, fallback);
  return node.has(i) ? node.number_of(i, fmt::format("input '{}'", name)) : fallback;
}

void import_clip(OnnxNode& node) {
  const double low = number_or_input(node, "min", 1, -kInfinity);
  const double high = number_or_input(node, "max", 2, kInfinity);
  node.give(0, node.builder().elementwise(node.name(), "clip", {node.tensor(0)}, {low, high}));
}

void import_prelu(OnnxNode& node) {
  // max(x, 0) + slope min(x, 0). A slope is trained, even a single one.
  Formula formula(node);
  const TensorId x = node.tensor(0);
  TensorId slope = node.tensor(1);
  // Up to opset 6 a slope for each channel does not say where its axis belongs.
  if (node.rank(1) == 1 && node.rank(0) > 2 && node.opset() < 7 &&
      node.shape(1)[0] == node.shape(0)[1]) {
    Shape aligned(node.rank(0) - 1, 1);
    aligned[0] = node.shape(1)[0];
    slope = node.builder().reshape(node.name() + ".slopes", slope, aligned);
  }
  const TensorId positive = formula.apply("relu", {x});
  const TensorId negative = formula.apply("clip", {x}, {-kInfinity, 0});
  node.give(0, formula.apply("add", {positive, formula.apply("multiply", {negative, slope})}));
}

void import_where(OnnxNode& node) {
  const OnnxValue& condition = node.input(0);
  if (condition.is_literal()) {
    // One answer for all elements.
    const std::size_t chosen = condition.literal() != 0 ? 1 : 2;
    const Shape shape =
        broadcast_shape(broadcast_shape(condition.shape, node.shape(1)), node.shape(2));
    const TensorId x = node.tensor(chosen);
    node.give(0, spread(node, x, shape));
    return;
  }
  Formula formula(node);
  const TensorId mask = node.tensor(0);
  const Operand x = operand(node, 1);
  const Operand y = operand(node, 2);
  TensorId result;
  if (!x.is_literal() && !y.is_literal()) {
    const TensorId kept = formula.apply("keep_where", {x.tensor, mask}, {0});
    const TensorId other = formula.apply("drop_where", {y.tensor, mask}, {0});
    result = formula.apply("add", {kept, other});
  } else if (!x.is_literal()) {
    result = spread(node, formula.apply("keep_where", {x.tensor, mask}, {y.literal}), y.shape);
  } else if (!y.is_literal()) {
    result = spread(node, formula.apply("drop_where", {y.tensor, mask}, {x.literal}), x.shape);
  } else {
    // a + (b - a) mask
    result = formula.apply("shift", formula.apply("scale", mask, x.literal - y.literal), y.literal);
    result = spread(node, spread(node, result, x.shape), y.shape);
  }
  node.give(0, result);
}

void import_dropout(OnnxNode& node) {
  node.has_only_outputs(1);
  const double rate = number_or_input(node, "ratio", 1, 0.5);
  if (!(rate >= 0 && rate < 1)) {
    throw std::invalid_argument(fmt::format("a ratio of {} leaves nothing", rate));
  }
  if (rate == 0) {
    node.give(0, OnnxValue(node.input(0)));
    return;
  }
  node.give(0, node.builder().dropout(node.name(), node.tensor(0), rate));
}

struct UnaryFunction {
  const char* op;
  const char* function;
};

constexpr UnaryFunction kUnaryFunctions[] = {{"Abs", "absolute"},      {"Acos", "acos"},
                                             {"Acosh", "acosh"},       {"Asin", "asin"},
                                             {"Asinh", "asinh"},       {"Atan", "atan"},
                                             {"Atanh", "atanh"},       {"Ceil", "ceil"},
                                             {"Cos", "cos"},           {"Cosh", "cosh"},
                                             {"Erf", "erf"},           {"Exp", "exp"},
                                             {"Floor", "floor"},       {"HardSwish", "hard_swish"},
                                             {"Log", "log"},           {"Neg", "negate"},
                                             {"Not", "not"},           {"Reciprocal", "reciprocal"},
                                             {"Relu", "relu"},         {"Round", "round"},
                                             {"Sigmoid", "sigmoid"},   {"Sign", "sign"},
                                             {"Sin", "sin"},           {"Sinh", "sinh"},
                                             {"Softplus", "softplus"}, {"Sqrt", "sqrt"},
                                             {"Tan", "tan"},           {"Tanh", "tanh"}};

void import_unary(OnnxNode& node) {
  for (const UnaryFunction& entry : kUnaryFunctions) {
    if (node.op() != entry.op) continue;
    const TensorId y = node.builder().elementwise(node.name(), entry.function, {node.tensor(0)});
    node.give(0, y, node.input(0).element);
  }
}

void import_predicate(OnnxNode& node, const char* function) {
  const TensorId x = node.tensor(0);
  const TensorId y = operand(node, 1).is_literal() ? node.tensor(1) : operand(node, 1).tensor;
  node.give(0, node.builder().elementwise(node.name(), function, {x, y}), OnnxElement::boolean);
}

using Node = OnnxNode;

}  // namespace

const std::vector<OnnxImporterEntry>& elementwise_importers() {
  static const std::vector<OnnxImporterEntry> entries = [] {
    std::vector<OnnxImporterEntry> all = {
        {"Add", [](Node& node) { import_chain(node, "add"); }},
        {"Sum", [](Node& node) { import_chain(node, "add"); }},
        {"Sub", [](Node& node) { import_chain(node, "subtract"); }},
        {"Mul", [](Node& node) { import_chain(node, "multiply"); }},
        {"Div", [](Node& node) { import_chain(node, "divide"); }},
        {"Max", [](Node& node) { import_chain(node, "maximum"); }},
        {"Min", [](Node& node) { import_chain(node, "minimum"); }},
        {"Mean", import_mean},
        {"Pow", import_power},
        {"Clip", import_clip},
        {"PRelu", import_prelu},
        {"Where", import_where},
        {"Dropout", import_dropout},
        {"Equal", [](Node& node) { import_predicate(node, "equal"); }},
        {"Less", [](Node& node) { import_predicate(node, "less"); }},
        {"LessOrEqual", [](Node& node) { import_predicate(node, "less_or_equal"); }},
        {"Greater", [](Node& node) { import_predicate(node, "greater"); }},
        {"GreaterOrEqual", [](Node& node) { import_predicate(node, "greater_or_equal"); }},
        {"And", [](Node& node) { import_predicate(node, "and"); }},
        {"Or", [](Node& node) { import_predicate(node, "or"); }},
        {"Xor", [](Node& node) { import_predicate(node, "xor"); }},
        {"LeakyRelu",
         [](Node& node) {
           node.give(0,
                     Formula(node).apply("leaky_relu", node.tensor(0), node.real("alpha", 0.01)));
         }},
        {"ThresholdedRelu",
         [](Node& node) {
           node.give(
               0, Formula(node).apply("thresholded_relu", node.tensor(0), node.real("alpha", 1)));
         }},
        {"Elu",
         [](Node& node) {
           node.give(0, Formula(node).apply("elu", node.tensor(0), node.real("alpha", 1)));
         }},
        {"Selu",
         [](Node& node) {
           Formula formula(node);
           // Klambauer et al. 2017; the defaults are ONNX's.
           const TensorId x =
               formula.apply("elu", node.tensor(0), node.real("alpha", 1.6732632423543773));
           node.give(0, formula.apply("scale", x, node.real("gamma", 1.0507009873554805)));
         }},
        {"Celu",
         [](Node& node) {
           // alpha elu(x / alpha)
           Formula formula(node);
           const double alpha = node.real("alpha", 1);
           TensorId x = node.tensor(0);
           if (alpha != 1) x = formula.apply("scale", x, 1 / alpha);
           x = formula.apply("elu", x, 1);
           node.give(0, alpha == 1 ? x : formula.apply("scale", x, alpha));
         }},
        {"HardSigmoid",
         [](Node& node) {
           Formula formula(node);
           const TensorId x = formula.apply("scale", node.tensor(0), node.real("alpha", 0.2));
           const TensorId y = formula.apply("shift", x, node.real("beta", 0.5));
           node.give(0, formula.apply("clip", {y}, {0, 1}));
         }},
        {"Softsign",
         [](Node& node) {
           Formula formula(node);
           const TensorId x = node.tensor(0);
           const TensorId below = formula.apply("shift", formula.apply("absolute", {x}), 1);
           node.give(0, formula.apply("divide", {x, below}));
         }},
    };
    for (const UnaryFunction& entry : kUnaryFunctions) all.push_back({entry.op, import_unary});
    return all;
  }();
  return entries;
}

}  // namespace simdse
