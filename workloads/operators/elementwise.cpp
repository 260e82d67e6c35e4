#include "workloads/operators/elementwise.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "workloads/differentiator.h"
#include "workloads/operators/reduction.h"
#include "workloads/operators/work.h"

namespace simdse {
namespace {

using Saves = ElementwiseFunction::Saves;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// GELU in its tanh form (Hendrycks and Gimpel 2016): 0.5 x (1 + tanh(c (x + 0.044715 x^3))).
constexpr double kGeluScale = 0.7978845608028654;  // sqrt(2 / pi)
constexpr double kGeluCubic = 0.044715;

double gelu(double x) {
  return 0.5 * x * (1 + std::tanh(kGeluScale * (x + kGeluCubic * x * x * x)));
}

double gelu_slope(double x) {
  const double t = std::tanh(kGeluScale * (x + kGeluCubic * x * x * x));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * kGeluScale * (1 + 3 * kGeluCubic * x * x);
}

double clamp01(double x) { return std::min(1.0, std::max(0.0, x)); }

}  // namespace

// Instruction counts: one per add, multiply, multiply-add, compare or select that the formula
// needs; special functions are exp, log, tanh, division and root.
const std::vector<ElementwiseFunction>& elementwise_functions() {
  using C = ElementwiseFunction::Constants;
  static const std::vector<ElementwiseFunction> functions = {
      {"add", 2, 1, 0, [](double x, double y, const C&) { return x + y; }},
      {"subtract", 2, 1, 0, [](double x, double y, const C&) { return x - y; }},
      {"multiply", 2, 1, 0, [](double x, double y, const C&) { return x * y; }},
      {"divide", 2, 1, 1, [](double x, double y, const C&) { return x / y; }},
      // x where the mask y is set, a constant elsewhere; and the reverse
      {"keep_where", 2, 1, 0, [](double x, double y, const C& c) { return y != 0 ? x : c[0]; }},
      {"drop_where", 2, 1, 0, [](double x, double y, const C& c) { return y != 0 ? c[0] : x; }},
      // Piecewise constant: masks and rounding. A logical value is 0 or 1.
      {"equal", 2, 1, 0, [](double x, double y, const C&) { return double(x == y); }, Saves::flat},
      {"less", 2, 1, 0, [](double x, double y, const C&) { return double(x < y); }, Saves::flat},
      {"less_or_equal", 2, 1, 0, [](double x, double y, const C&) { return double(x <= y); },
       Saves::flat},
      {"greater", 2, 1, 0, [](double x, double y, const C&) { return double(x > y); }, Saves::flat},
      {"greater_or_equal", 2, 1, 0, [](double x, double y, const C&) { return double(x >= y); },
       Saves::flat},
      {"and", 2, 1, 0, [](double x, double y, const C&) { return double(x != 0 && y != 0); },
       Saves::flat},
      {"or", 2, 1, 0, [](double x, double y, const C&) { return double(x != 0 || y != 0); },
       Saves::flat},
      {"xor", 2, 1, 0, [](double x, double y, const C&) { return double((x != 0) != (y != 0)); },
       Saves::flat},
      {"not", 1, 1, 0, [](double x, double, const C&) { return double(x == 0); }, Saves::flat},
      {"floor", 1, 1, 0, [](double x, double, const C&) { return std::floor(x); }, Saves::flat},
      {"ceil", 1, 1, 0, [](double x, double, const C&) { return std::ceil(x); }, Saves::flat},
      {"round", 1, 1, 0, [](double x, double, const C&) { return std::nearbyint(x); }, Saves::flat},
      {"sign", 1, 2, 0, [](double x, double, const C&) { return double(x > 0) - double(x < 0); },
       Saves::flat},
      {"negate", 1, 1, 0, [](double x, double, const C&) { return -x; }},
      {"scale",
       1,
       1,
       0,
       [](double x, double, const C& c) { return c[0] * x; },
       Saves::nothing,
       {"factor"}},
      {"shift",
       1,
       1,
       0,
       [](double x, double, const C& c) { return x + c[0]; },
       Saves::nothing,
       {"by"}},
      {"relu", 1, 1, 0, [](double x, double, const C&) { return x > 0 ? x : 0; }, Saves::output},
      {"leaky_relu",
       1,
       2,
       0,
       [](double x, double, const C& c) { return x > 0 ? x : c[0] * x; },
       Saves::input,
       {"slope"}},
      {"elu",
       1,
       3,
       1,
       [](double x, double, const C& c) { return x > 0 ? x : c[0] * std::expm1(x); },
       Saves::input,
       {"alpha"}},
      {"clip",
       1,
       2,
       0,
       [](double x, double, const C& c) { return std::min(c[1], std::max(c[0], x)); },
       Saves::input,
       {"low", "high"}},
      {"gelu", 1, 6, 1, [](double x, double, const C&) { return gelu(x); }, Saves::input},
      {"silu", 1, 2, 2, [](double x, double, const C&) { return x * sigmoid(x); }, Saves::input},
      {"sigmoid", 1, 1, 2, [](double x, double, const C&) { return sigmoid(x); }, Saves::output},
      {"tanh", 1, 0, 1, [](double x, double, const C&) { return std::tanh(x); }, Saves::output},
      {"softplus", 1, 1, 2, [](double x, double, const C&) { return std::log1p(std::exp(x)); },
       Saves::input},
      {"exp", 1, 0, 1, [](double x, double, const C&) { return std::exp(x); }, Saves::output},
      {"log", 1, 0, 1, [](double x, double, const C&) { return std::log(x); }, Saves::input},
      // A polynomial times exp(-x^2) and a select (Abramowitz and Stegun 7.1.26).
      {"erf", 1, 9, 2, [](double x, double, const C&) { return std::erf(x); }, Saves::input},
      {"sqrt", 1, 0, 1, [](double x, double, const C&) { return std::sqrt(x); }, Saves::output},
      {"reciprocal", 1, 0, 1, [](double x, double, const C&) { return 1 / x; }, Saves::output},
      {"square", 1, 1, 0, [](double x, double, const C&) { return x * x; }, Saves::input},
      {"power",
       1,
       1,
       2,
       [](double x, double, const C& c) { return std::pow(x, c[0]); },
       Saves::input,
       {"exponent"}},
      {"absolute", 1, 1, 0, [](double x, double, const C&) { return std::abs(x); }, Saves::input},
      {"sin", 1, 0, 1, [](double x, double, const C&) { return std::sin(x); }, Saves::input},
      {"cos", 1, 0, 1, [](double x, double, const C&) { return std::cos(x); }, Saves::input},
      {"tan", 1, 0, 1, [](double x, double, const C&) { return std::tan(x); }, Saves::output},
      {"asin", 1, 0, 1, [](double x, double, const C&) { return std::asin(x); }, Saves::input},
      {"acos", 1, 0, 1, [](double x, double, const C&) { return std::acos(x); }, Saves::input},
      {"atan", 1, 0, 1, [](double x, double, const C&) { return std::atan(x); }, Saves::input},
      {"sinh", 1, 0, 1, [](double x, double, const C&) { return std::sinh(x); }, Saves::input},
      {"cosh", 1, 0, 1, [](double x, double, const C&) { return std::cosh(x); }, Saves::input},
      {"asinh", 1, 0, 1, [](double x, double, const C&) { return std::asinh(x); }, Saves::input},
      {"acosh", 1, 0, 1, [](double x, double, const C&) { return std::acosh(x); }, Saves::input},
      {"atanh", 1, 0, 1, [](double x, double, const C&) { return std::atanh(x); }, Saves::input},
      {"thresholded_relu",
       1,
       2,
       0,
       [](double x, double, const C& c) { return x > c[0] ? x : 0; },
       Saves::input,
       {"threshold"}},
      {"hard_sigmoid", 1, 3, 0, [](double x, double, const C&) { return clamp01(x / 6 + 0.5); },
       Saves::input},
      {"hard_swish", 1, 4, 0, [](double x, double, const C&) { return x * clamp01(x / 6 + 0.5); },
       Saves::input},
  };
  return functions;
}

namespace {

// Gradients of the unary functions: x is the gradient of the output, y the saved value.
const std::vector<ElementwiseFunction>& gradient_functions() {
  using C = ElementwiseFunction::Constants;
  static const std::vector<ElementwiseFunction> functions = {
      {"relu_gradient", 2, 2, 0, [](double x, double y, const C&) { return y > 0 ? x : 0; }},
      {"leaky_relu_gradient", 2, 3, 0,
       [](double x, double y, const C& c) { return y > 0 ? x : c[0] * x; }},
      {"elu_gradient", 2, 4, 1,
       [](double x, double y, const C& c) { return y > 0 ? x : x * c[0] * std::exp(y); }},
      {"clip_gradient", 2, 3, 0,
       [](double x, double y, const C& c) { return y > c[0] && y < c[1] ? x : 0; }},
      {"gelu_gradient", 2, 12, 1, [](double x, double y, const C&) { return x * gelu_slope(y); }},
      {"silu_gradient", 2, 5, 2,
       [](double x, double y, const C&) {
         const double s = sigmoid(y);
         return x * s * (1 + y * (1 - s));
       }},
      {"sigmoid_gradient", 2, 3, 0, [](double x, double y, const C&) { return x * y * (1 - y); }},
      {"tanh_gradient", 2, 2, 0, [](double x, double y, const C&) { return x * (1 - y * y); }},
      {"softplus_gradient", 2, 2, 2, [](double x, double y, const C&) { return x * sigmoid(y); }},
      {"exp_gradient", 2, 1, 0, [](double x, double y, const C&) { return x * y; }},
      {"log_gradient", 2, 0, 1, [](double x, double y, const C&) { return x / y; }},
      {"erf_gradient", 2, 3, 1,
       [](double x, double y, const C&) { return x * 1.1283791670955126 * std::exp(-y * y); }},
      {"sqrt_gradient", 2, 1, 1, [](double x, double y, const C&) { return x / (2 * y); }},
      {"reciprocal_gradient", 2, 3, 0, [](double x, double y, const C&) { return -x * y * y; }},
      {"square_gradient", 2, 2, 0, [](double x, double y, const C&) { return 2 * x * y; }},
      {"power_gradient", 2, 3, 2,
       [](double x, double y, const C& c) { return x * c[0] * std::pow(y, c[0] - 1); }},
      {"absolute_gradient", 2, 2, 0, [](double x, double y, const C&) { return y < 0 ? -x : x; }},
      {"sin_gradient", 2, 1, 1, [](double x, double y, const C&) { return x * std::cos(y); }},
      {"cos_gradient", 2, 2, 1, [](double x, double y, const C&) { return -x * std::sin(y); }},
      {"tan_gradient", 2, 2, 0, [](double x, double y, const C&) { return x * (1 + y * y); }},
      {"asin_gradient", 2, 1, 2,
       [](double x, double y, const C&) { return x / std::sqrt(1 - y * y); }},
      {"acos_gradient", 2, 2, 2,
       [](double x, double y, const C&) { return -x / std::sqrt(1 - y * y); }},
      {"atan_gradient", 2, 1, 1, [](double x, double y, const C&) { return x / (1 + y * y); }},
      {"sinh_gradient", 2, 1, 1, [](double x, double y, const C&) { return x * std::cosh(y); }},
      {"cosh_gradient", 2, 1, 1, [](double x, double y, const C&) { return x * std::sinh(y); }},
      {"asinh_gradient", 2, 1, 2,
       [](double x, double y, const C&) { return x / std::sqrt(1 + y * y); }},
      {"acosh_gradient", 2, 1, 2,
       [](double x, double y, const C&) { return x / std::sqrt(y * y - 1); }},
      {"atanh_gradient", 2, 1, 1, [](double x, double y, const C&) { return x / (1 - y * y); }},
      {"thresholded_relu_gradient", 2, 2, 0,
       [](double x, double y, const C& c) { return y > c[0] ? x : 0; }},
      {"hard_sigmoid_gradient", 2, 3, 0,
       [](double x, double y, const C&) { return std::abs(y) < 3 ? x / 6 : 0; }},
      {"hard_swish_gradient", 2, 6, 0,
       [](double x, double y, const C&) {
         if (y <= -3) return 0.0;
         return y >= 3 ? x : x * (y / 3 + 0.5);
       }},
  };
  return functions;
}

std::shared_ptr<const Elementwise> find_kind(const std::vector<ElementwiseFunction>& functions,
                                             const std::string& name,
                                             ElementwiseFunction::Constants constants) {
  for (const ElementwiseFunction& function : functions) {
    if (name == function.name) return std::make_shared<Elementwise>(function, constants);
  }
  throw std::out_of_range("no elementwise function '" + name + "'");
}

}  // namespace

Elementwise::Elementwise(const ElementwiseFunction& function,
                         ElementwiseFunction::Constants constants)
    : function_(function), constants_(constants) {}

Work Elementwise::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.outputs[0]));
  work.vector->alu_ops = function_.alu_ops;
  work.vector->special_ops = function_.special_ops;
  return work;
}

void Elementwise::differentiate(Differentiator& backward, const Operator& op) const {
  const TensorId dy = backward.gradient(op.outputs[0]);
  const std::string function = function_.name;
  // The gradient with respect to operand `i`, before broadcasting is undone.
  const auto make = [&](std::size_t i, std::shared_ptr<const OperatorKind> kind,
                        std::vector<TensorId> inputs) {
    const std::string suffix = i == 0 ? "gradient" : "gradient" + std::to_string(i);
    return backward.add(op, suffix, Phase::gradient, std::move(kind), std::move(inputs),
                        op.outputs[0]);
  };
  const auto contribute = [&](std::size_t i, TensorId gradient) {
    const TensorId input = op.inputs[i];
    if (backward.graph().tensor(input).shape != backward.graph().tensor(gradient).shape) {
      gradient = backward.add(op, i == 0 ? "sum" : "sum" + std::to_string(i), Phase::gradient,
                              std::make_shared<SumTo>(), {gradient}, input);
    }
    backward.contribute(input, gradient);
  };
  const auto needs = [&](std::size_t i) { return backward.needs_gradient(op.inputs[i]); };
  const auto saved = [&](TensorId tensor) { return backward.saved(tensor); };

  if (function_.inputs == 1) {
    if (!needs(0)) return;
    switch (function_.saves) {
      case Saves::flat:
        return;
      case Saves::nothing:
        // A shift hands the gradient on; the others are linear, so theirs is the same function of
        // it.
        contribute(
            0, function == "shift" ? dy : make(0, elementwise_kind(function, constants_), {dy}));
        return;
      case Saves::input:
      case Saves::output:
        contribute(
            0, make(0, find_kind(gradient_functions(), function + "_gradient", constants_),
                    {dy, saved(function_.saves == Saves::input ? op.inputs[0] : op.outputs[0])}));
        return;
    }
  }
  if (function_.saves == Saves::flat) return;
  if (function == "add" || function == "subtract") {
    if (needs(0)) contribute(0, dy);
    if (!needs(1)) return;
    contribute(1, function == "add" ? dy : make(1, elementwise_kind("negate"), {dy}));
  } else if (function == "keep_where" || function == "drop_where") {
    if (needs(0)) contribute(0, make(0, elementwise_kind(function), {dy, saved(op.inputs[1])}));
  } else if (function == "multiply") {
    if (needs(0)) contribute(0, make(0, elementwise_kind("multiply"), {dy, saved(op.inputs[1])}));
    if (needs(1)) contribute(1, make(1, elementwise_kind("multiply"), {dy, saved(op.inputs[0])}));
  } else if (function == "divide") {
    // d(a/b) = da / b - (a/b) / b db
    const TensorId quotient = make(0, elementwise_kind("divide"), {dy, saved(op.inputs[1])});
    if (needs(0)) contribute(0, quotient);
    if (!needs(1)) return;
    const TensorId product =
        make(1, elementwise_kind("multiply"), {quotient, saved(op.outputs[0])});
    contribute(1, backward.add(op, "gradient1_sign", Phase::gradient, elementwise_kind("negate"),
                               {product}, op.outputs[0]));
  }
}

std::shared_ptr<const Elementwise> elementwise_kind(const std::string& name,
                                                    ElementwiseFunction::Constants constants) {
  return find_kind(elementwise_functions(), name, constants);
}

Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < result.size(); ++i) {
    // Axis i counted from the last; a missing axis is one of size 1.
    const std::int64_t in_a = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t in_b = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (in_a != in_b && in_a != 1 && in_b != 1) {
      throw std::invalid_argument(fmt::format("shapes [{}] and [{}] don't broadcast",
                                              fmt::join(a, ", "), fmt::join(b, ", ")));
    }
    result[result.size() - 1 - i] = std::max(in_a, in_b);
  }
  return result;
}

}  // namespace simdse
