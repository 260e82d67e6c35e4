// Matrix products.
#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "workloads/onnx/onnx_node.h"

namespace simdse {
namespace {

/// Stands for an axis of size 1 that an operand repeats along.
constexpr char kRepeated = ' ';

struct Operand {
  TensorId tensor;
  std::string labels;
};

/// Input i with a label for each axis of its value, as a tensor with a label for each of its own.
Operand labelled(OnnxNode& node, std::size_t i, const std::string& labels) {
  std::vector<std::size_t> axes;
  TensorId tensor = node.values().any_layout(node.input_name(i), axes);
  const Shape whole = node.builder().shape(tensor);
  std::string own(whole.size(), kRepeated);
  for (std::size_t axis = 0; axis < axes.size(); ++axis) own[axes[axis]] = labels[axis];
  if (own.find(kRepeated) == std::string::npos) return {tensor, own};
  Operand result;
  Shape shape;
  for (std::size_t axis = 0; axis < own.size(); ++axis) {
    if (own[axis] == kRepeated) continue;
    result.labels += own[axis];
    shape.push_back(whole[axis]);
  }
  result.tensor =
      node.builder().reshape(fmt::format("{}.operand{}", node.name(), i), tensor, shape);
  return result;
}

TensorId contract(OnnxNode& node, const std::string& a, const std::string& b,
                  const std::string& c) {
  const Operand x = labelled(node, 0, a);
  const Operand y = labelled(node, 1, b);
  return node.builder().contraction(node.name(), x.labels + "," + y.labels + "->" + c, x.tensor,
                                    y.tensor);
}

void import_matmul(OnnxNode& node) {
  const Shape& x = node.shape(0);
  const Shape& y = node.shape(1);
  if (x.empty() || y.empty()) throw std::invalid_argument("an operand is a single number");
  const std::size_t batch_x = x.size() > 2 ? x.size() - 2 : 0;
  const std::size_t batch_y = y.size() > 2 ? y.size() - 2 : 0;
  const std::size_t batch = std::max(batch_x, batch_y);
  if (batch > 20) throw std::invalid_argument("an operand has more than 22 axes");
  std::string a, b, c;
  Shape result;
  for (std::size_t i = 0; i < batch; ++i) {
    const bool in_x = i + batch_x >= batch;
    const bool in_y = i + batch_y >= batch;
    const std::int64_t size_x = in_x ? x[i + batch_x - batch] : 1;
    const std::int64_t size_y = in_y ? y[i + batch_y - batch] : 1;
    const char label = static_cast<char>('a' + i);
    // An axis of size 1 in one operand alone repeats along the other's.
    const bool is_shared = in_x && in_y && size_x == size_y;
    const bool by_x = in_x && (is_shared || !in_y || size_y == 1);
    if (in_x) a += by_x ? label : kRepeated;
    if (in_y) b += is_shared || !by_x ? label : kRepeated;
    if (!is_shared && in_x && in_y && size_x != 1 && size_y != 1) {
      throw std::invalid_argument(fmt::format("axes of {} and {} don't broadcast", size_x, size_y));
    }
    c += label;
  }
  if (x.size() > 1) a += 'x';
  a += 'z';
  b += 'z';
  if (y.size() > 1) b += 'y';
  if (x.size() > 1) c += 'x';
  if (y.size() > 1) c += 'y';
  node.give(0, contract(node, a, b, c));
}

void import_gemm(OnnxNode& node) {
  if (node.rank(0) != 2 || node.rank(1) != 2) throw std::invalid_argument("needs matrices");
  GraphBuilder& builder = node.builder();
  TensorId y = contract(node, node.integer("transA", 0) != 0 ? "zx" : "xz",
                        node.integer("transB", 0) != 0 ? "yz" : "zy", "xy");
  const double alpha = node.real("alpha", 1);
  const double beta = node.real("beta", 1);
  if (alpha != 1) y = builder.elementwise(node.name() + ".alpha", "scale", {y}, {alpha});
  if (node.has(2) && beta != 0) {
    TensorId bias = node.tensor(2);
    if (beta != 1) bias = builder.elementwise(node.name() + ".beta", "scale", {bias}, {beta});
    y = builder.elementwise(node.name() + ".bias_add", "add", {y, bias});
  }
  node.give(0, y);
}

void import_einsum(OnnxNode& node) {
  std::string equation = node.text("equation", "");
  equation.erase(std::remove(equation.begin(), equation.end(), ' '), equation.end());
  const std::size_t comma = equation.find(',');
  const std::size_t arrow = equation.find("->");
  const bool is_plain = std::all_of(equation.begin(), equation.end(), [](unsigned char letter) {
    return std::isalpha(letter) != 0 || letter == ',' || letter == '-' || letter == '>';
  });
  if (!is_plain || node.input_count() != 2 || comma == std::string::npos ||
      arrow == std::string::npos || arrow < comma) {
    throw UnknownOnnxOperator(fmt::format("the equation '{}' is not supported", equation));
  }
  const std::string a = equation.substr(0, comma);
  const std::string b = equation.substr(comma + 1, arrow - comma - 1);
  if (a.size() != node.rank(0) || b.size() != node.rank(1)) {
    throw std::invalid_argument("the equation does not label every axis once");
  }
  node.give(0, contract(node, a, b, equation.substr(arrow + 2)));
}

}  // namespace

const std::vector<OnnxImporterEntry>& contraction_importers() {
  static const std::vector<OnnxImporterEntry> entries = {
      {"MatMul", import_matmul}, {"Gemm", import_gemm}, {"Einsum", import_einsum}};
  return entries;
}

}  // namespace simdse
