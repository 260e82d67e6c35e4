#include "workloads/operators/contraction.h"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>

#include "workloads/differentiator.h"
#include "workloads/operators/work.h"

namespace simdse {
namespace {

bool contains(const std::string& labels, char label) {
  return labels.find(label) != std::string::npos;
}

void check(const std::string& labels, const std::string& other1, const std::string& other2) {
  for (const char label : labels) {
    if (std::count(labels.begin(), labels.end(), label) != 1) {
      throw std::invalid_argument(fmt::format("label '{}' repeats within '{}'", label, labels));
    }
    if (!contains(other1, label) && !contains(other2, label)) {
      throw std::invalid_argument(fmt::format("label '{}' appears in '{}' only", label, labels));
    }
  }
}

}  // namespace

Contraction::Contraction(std::string a, std::string b, std::string c)
    : a_(std::move(a)), b_(std::move(b)), c_(std::move(c)) {
  check(a_, b_, c_);
  check(b_, a_, c_);
  check(c_, a_, b_);
}

Work Contraction::work(const Graph& graph, const Operator& op) const {
  ContractionShape shape;
  const Shape& a = graph.tensor(op.inputs[0]).shape;
  const Shape& b = graph.tensor(op.inputs[1]).shape;
  for (std::size_t i = 0; i < a_.size(); ++i) {
    const bool in_b = contains(b_, a_[i]);
    const bool in_c = contains(c_, a_[i]);
    (in_b ? (in_c ? shape.batch : shape.k) : shape.m) *= a[i];
  }
  for (std::size_t i = 0; i < b_.size(); ++i) {
    if (!contains(a_, b_[i])) shape.n *= b[i];
  }
  Work work = whole_tensors(graph, op);
  work.contraction = shape;
  return work;
}

void Contraction::differentiate(Differentiator& backward, const Operator& op) const {
  const TensorId gradient = backward.gradient(op.outputs[0]);
  const auto add = [&](int operand, std::string x, std::string y, std::string z,
                       std::vector<TensorId> inputs) {
    const TensorId target = op.inputs[operand];
    if (!backward.needs_gradient(target)) return;
    const bool is_weight = backward.graph().tensor(target).role == TensorRole::parameter;
    // Of two activations (attention), the second's gradient needs a name of its own.
    const char* suffix = is_weight      ? "weight_gradient"
                         : operand == 0 ? "input_gradient"
                                        : "second_input_gradient";
    backward.contribute(
        target,
        backward.add(op, suffix, is_weight ? Phase::weight_gradient : Phase::input_gradient,
                     std::make_shared<Contraction>(std::move(x), std::move(y), std::move(z)),
                     std::move(inputs), target));
  };
  add(0, c_, b_, a_, {gradient, backward.saved(op.inputs[1])});
  add(1, a_, c_, b_, {backward.saved(op.inputs[0]), gradient});
}

std::shared_ptr<const Contraction> contraction_kind(const std::string& equation) {
  const std::size_t comma = equation.find(',');
  const std::size_t arrow = equation.find("->");
  if (comma == std::string::npos || arrow == std::string::npos || arrow < comma) {
    throw std::invalid_argument(fmt::format("'{}' is not of the form ab,bc->ac", equation));
  }
  return std::make_shared<Contraction>(equation.substr(0, comma),
                                       equation.substr(comma + 1, arrow - comma - 1),
                                       equation.substr(arrow + 2));
}

Shape contraction_shape(const Contraction& kind, const Shape& a, const Shape& b) {
  const auto check_rank = [](const std::string& labels, const Shape& shape) {
    if (labels.size() == shape.size()) return;
    throw std::invalid_argument(
        fmt::format("'{}' labels {} axes, the tensor has {}", labels, labels.size(), shape.size()));
  };
  check_rank(kind.a(), a);
  check_rank(kind.b(), b);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::size_t j = kind.b().find(kind.a()[i]);
    if (j == std::string::npos || a[i] == b[j]) continue;
    throw std::invalid_argument(
        fmt::format("axis '{}' is {} in one operand and {} in the other", kind.a()[i], a[i], b[j]));
  }
  Shape result;
  for (const char label : kind.c()) {
    const std::size_t in_a = kind.a().find(label);
    result.push_back(in_a != std::string::npos ? a[in_a] : b[kind.b().find(label)]);
  }
  return result;
}

}  // namespace simdse
