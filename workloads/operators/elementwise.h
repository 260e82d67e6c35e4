// Elementwise operators, with broadcasting.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "workloads/operator.h"

namespace simdse {

/// One elementwise function. `alu_ops` counts plain instructions per element (add, multiply, fused
/// multiply-add, compare, select), `special_ops` special-function ones; both are counted from the
/// formula in `value`.
struct ElementwiseFunction {
  /// Constants of a kind: a scale factor, the bounds of a clip.
  using Constants = std::array<double, 2>;

  enum class Saves {
    nothing,  ///< the gradient needs the output's gradient only
    input,    ///< ... and the input
    output,   ///< ... and the output
    flat,     ///< there is none: the function is piecewise constant
  };

  const char* name;
  int inputs;
  int alu_ops;
  int special_ops;
  /// f(x) or f(x, y).
  double (*value)(double x, double y, const Constants& constants);
  /// Which saved value the unary gradient reads; binary functions that are not flat state their
  /// gradients themselves.
  Saves saves = Saves::nothing;
  /// Names of the constants that a unary function takes, in their order.
  std::vector<const char*> constants = {};
};

/// Functions of the forward pass by name: add, subtract, multiply, divide, relu, gelu, ...
const std::vector<ElementwiseFunction>& elementwise_functions();

/// y[i] = f(x[i]) or f(a[i], b[i]); operands broadcast as in NumPy (trailing axes are aligned).
class Elementwise : public OperatorKind {
 public:
  explicit Elementwise(const ElementwiseFunction& function,
                       ElementwiseFunction::Constants constants = {});

  std::string name() const override { return function_.name; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  bool is_elementwise() const override { return true; }

  const ElementwiseFunction& function() const { return function_; }
  const ElementwiseFunction::Constants& constants() const { return constants_; }

 private:
  const ElementwiseFunction& function_;
  ElementwiseFunction::Constants constants_;
};

/// The kind called `name`; throws std::out_of_range when there is none.
std::shared_ptr<const Elementwise> elementwise_kind(const std::string& name,
                                                    ElementwiseFunction::Constants constants = {});

/// Shape that `a` and `b` broadcast to. Throws std::invalid_argument when they don't.
Shape broadcast_shape(const Shape& a, const Shape& b);

}  // namespace simdse
