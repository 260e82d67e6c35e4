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
// needs.
const std::vector<ElementwiseFunction>& elementwise_functions() {
  static const std::vector<ElementwiseFunction> functions = {
      {"add", 2, 1, 0, [](double x, double y, double) { return x + y; }},
      {"subtract", 2, 1, 0, [](double x, double y, double) { return x - y; }},
      {"multiply", 2, 1, 0, [](double x, double y, double) { return x * y; }},
      {"divide", 2, 1, 1, [](double x, double y, double) { return x / y; }},
      {"negate", 1, 1, 0, [](double x, double, double) { return -x; }},
      {"scale", 1, 1, 0, [](double x, double, double p) { return p * x; }},
      {"relu", 1, 1, 0, [](double x, double, double) { return x > 0 ? x : 0; }, Saves::output},
      {"gelu", 1, 6, 1, [](double x, double, double) { return gelu(x); }, Saves::input},
      {"silu", 1, 2, 2, [](double x, double, double) { return x * sigmoid(x); }, Saves::input},
      {"sigmoid", 1, 1, 2, [](double x, double, double) { return sigmoid(x); }, Saves::output},
      {"tanh", 1, 0, 1, [](double x, double, double) { return std::tanh(x); }, Saves::output},
      {"exp", 1, 0, 1, [](double x, double, double) { return std::exp(x); }, Saves::output},
      {"sqrt", 1, 0, 1, [](double x, double, double) { return std::sqrt(x); }, Saves::output},
      {"hard_sigmoid", 1, 3, 0, [](double x, double, double) { return clamp01(x / 6 + 0.5); },
       Saves::input},
      {"hard_swish", 1, 4, 0, [](double x, double, double) { return x * clamp01(x / 6 + 0.5); },
       Saves::input},
  };
  return functions;
}

namespace {

// Gradients of the unary functions: x is the gradient of the output, y the saved value.
const std::vector<ElementwiseFunction>& gradient_functions() {
  static const std::vector<ElementwiseFunction> functions = {
      {"relu_gradient", 2, 2, 0, [](double x, double y, double) { return y > 0 ? x : 0; }},
      {"gelu_gradient", 2, 12, 1, [](double x, double y, double) { return x * gelu_slope(y); }},
      {"silu_gradient", 2, 5, 2,
       [](double x, double y, double) {
         const double s = sigmoid(y);
         return x * s * (1 + y * (1 - s));
       }},
      {"sigmoid_gradient", 2, 3, 0, [](double x, double y, double) { return x * y * (1 - y); }},
      {"tanh_gradient", 2, 2, 0, [](double x, double y, double) { return x * (1 - y * y); }},
      {"exp_gradient", 2, 1, 0, [](double x, double y, double) { return x * y; }},
      {"sqrt_gradient", 2, 1, 1, [](double x, double y, double) { return x / (2 * y); }},
      {"hard_sigmoid_gradient", 2, 3, 0,
       [](double x, double y, double) { return std::abs(y) < 3 ? x / 6 : 0; }},
      {"hard_swish_gradient", 2, 6, 0,
       [](double x, double y, double) {
         if (y <= -3) return 0.0;
         return y >= 3 ? x : x * (y / 3 + 0.5);
       }},
  };
  return functions;
}

std::shared_ptr<const Elementwise> find_kind(const std::vector<ElementwiseFunction>& functions,
                                             const std::string& name, double parameter) {
  for (const ElementwiseFunction& function : functions) {
    if (name == function.name) return std::make_shared<Elementwise>(function, parameter);
  }
  throw std::out_of_range("no elementwise function '" + name + "'");
}

}  // namespace

Elementwise::Elementwise(const ElementwiseFunction& function, double parameter)
    : function_(function), parameter_(parameter) {}

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
      case Saves::nothing:  // linear in x, so the gradient is the same function of dy
        contribute(0, make(0, elementwise_kind(function, parameter_), {dy}));
        return;
      case Saves::input:
      case Saves::output:
        contribute(
            0, make(0, find_kind(gradient_functions(), function + "_gradient", parameter_),
                    {dy, saved(function_.saves == Saves::input ? op.inputs[0] : op.outputs[0])}));
        return;
    }
  }
  if (function == "add" || function == "subtract") {
    if (needs(0)) contribute(0, dy);
    if (!needs(1)) return;
    contribute(1, function == "add" ? dy : make(1, elementwise_kind("negate"), {dy}));
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

std::shared_ptr<const Elementwise> elementwise_kind(const std::string& name, double parameter) {
  return find_kind(elementwise_functions(), name, parameter);
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
