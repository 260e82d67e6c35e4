// Sums and extremes over axes, normalisations and losses.
#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "workloads/onnx/onnx_node.h"

namespace simdse {
namespace {

using Node = OnnxNode;

/// Axes that a reduction is over; none given means all.
std::vector<bool> reduced_axes(OnnxNode& node) {
  const std::size_t rank = node.rank(0);
  const Shape given = node.integers_or_input("axes", 1);
  std::vector<bool> result(rank, given.empty() && node.integer("noop_with_empty_axes", 0) == 0);
  for (const std::int64_t axis : given) result[OnnxNode::axis_of(axis, rank)] = true;
  return result;
}

void give_reduced(OnnxNode& node, TensorId y, const std::vector<bool>& is_reduced) {
  Shape shape;
  const bool keeps = node.integer("keepdims", 1) != 0;
  for (std::size_t i = 0; i < is_reduced.size(); ++i) {
    if (!is_reduced[i]) shape.push_back(node.shape(0)[i]);
    if (is_reduced[i] && keeps) shape.push_back(1);
  }
  if (node.builder().shape(y) != shape) {
    y = node.builder().reshape(node.name() + ".axes", y, shape);
  }
  node.give(0, y, node.input(0).element);
}

TensorId apply(OnnxNode& node, const char* function, TensorId x, double constant = 0) {
  return node.builder().elementwise(fmt::format("{}.{}", node.name(), function), function, {x},
                                    {constant});
}

/// A sum with an elementwise function before and one behind it; nullptr: none.
void import_sum(OnnxNode& node, const char* before, const char* behind) {
  const std::vector<bool> is_reduced = reduced_axes(node);
  std::vector<std::size_t> axes;
  double count = 1;
  for (std::size_t i = 0; i < is_reduced.size(); ++i) {
    if (!is_reduced[i]) continue;
    axes.push_back(i);
    count *= static_cast<double>(node.shape(0)[i]);
  }
  TensorId x = node.tensor(0);
  if (before != nullptr) x = apply(node, before, x);
  x = node.builder().sum(node.name(), x, axes);
  if (node.op() == "ReduceMean") x = apply(node, "scale", x, 1 / count);
  if (behind != nullptr) x = apply(node, behind, x);
  give_reduced(node, x, is_reduced);
}

/// A maximum over axes is a pooling with one window over all of them, behind the others.
void import_extreme(OnnxNode& node) {
  const std::vector<bool> is_reduced = reduced_axes(node);
  GraphBuilder& builder = node.builder();
  TensorId x = node.tensor(0);
  std::vector<std::size_t> order;
  std::int64_t inner = 1;
  for (const bool wanted : {false, true}) {
    for (std::size_t i = 0; i < is_reduced.size(); ++i) {
      if (is_reduced[i] != wanted) continue;
      order.push_back(i);
      if (wanted) inner *= node.shape(0)[i];
    }
  }
  if (!std::is_sorted(order.begin(), order.end())) {
    x = builder.transpose(node.name() + ".transpose", x, order);
  }
  const bool is_minimum = node.op() == "ReduceMin";
  if (is_minimum) x = apply(node, "negate", x);
  x = builder.reshape(node.name() + ".rows", x, {1, -1, 1, inner});
  Window window;
  window.kernel = {1, inner};
  x = builder.pooling(node.name(), PoolingStyle::max, x, window);
  if (is_minimum) {
    x = builder.elementwise(node.name() + ".negate_back", "negate", {x});
  }
  give_reduced(node, x, is_reduced);
}

/// Softmax over one axis or, up to opset 12, over all axes from one on.
TensorId softmax(OnnxNode& node) {
  GraphBuilder& builder = node.builder();
  const Shape shape = node.shape(0);
  const std::size_t rank = shape.size();
  const std::size_t axis =
      OnnxNode::axis_of(node.integer("axis", node.opset() < 13 ? 1 : -1), rank);
  const TensorId x = node.tensor(0);
  if (axis + 1 == rank) return builder.softmax(node.name(), x);
  if (node.opset() < 13) {
    const std::int64_t rows =
        std::accumulate(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(axis),
                        std::int64_t{1}, std::multiplies<>());
    const TensorId flat = builder.reshape(node.name() + ".rows", x, {rows, -1});
    return builder.reshape(node.name() + ".axes", builder.softmax(node.name(), flat), shape);
  }
  std::vector<std::size_t> order(rank);
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[axis], order.back());
  const TensorId last = builder.transpose(node.name() + ".transpose", x, order);
  return builder.transpose(node.name() + ".transpose_back", builder.softmax(node.name(), last),
                           order);
}

void import_batch_norm(OnnxNode& node) {
  // The mean and variance that the file has are running statistics: training takes its own.
  node.has_only_outputs(1);
  const TensorId scale = node.tensor(1);
  const TensorId shift = node.tensor(2);
  node.give(0, node.builder().normalization(node.name(), NormalizationStyle::batch, node.tensor(0),
                                            {scale, shift}, 1));
}

void import_instance_norm(OnnxNode& node) {
  // Every channel is a group of its own.
  if (node.rank(0) < 2) throw std::invalid_argument("has too few axes");
  const TensorId scale = node.tensor(1);
  const TensorId shift = node.tensor(2);
  node.give(0, node.builder().normalization(node.name(), NormalizationStyle::group, node.tensor(0),
                                            {scale, shift}, node.shape(0)[1]));
}

void import_layer_norm(OnnxNode& node) {
  node.has_only_outputs(1);
  GraphBuilder& builder = node.builder();
  const Shape shape = node.shape(0);
  const std::size_t axis = OnnxNode::axis_of(node.integer("axis", -1), shape.size());
  // Several axes are normalised as one.
  Shape seen(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(axis));
  seen.push_back(-1);
  TensorId x = node.tensor(0);
  if (seen.size() != shape.size()) x = builder.reshape(node.name() + ".rows", x, seen);
  std::vector<TensorId> parameters;
  for (std::size_t i = 1; i < 3; ++i) {
    if (!node.has(i)) continue;
    TensorId parameter = node.tensor(i);
    if (node.rank(i) != 1) {
      parameter = builder.reshape(fmt::format("{}.flat{}", node.name(), i), parameter, {-1});
    }
    parameters.push_back(parameter);
  }
  TensorId y = builder.normalization(node.name(), NormalizationStyle::layer, x, parameters, 1);
  if (seen.size() != shape.size()) y = builder.reshape(node.name() + ".axes", y, shape);
  node.give(0, y);
}

/// x over its norm along an axis.
void import_lp_norm(OnnxNode& node) {
  GraphBuilder& builder = node.builder();
  const std::size_t axis = OnnxNode::axis_of(node.integer("axis", -1), node.rank(0));
  const bool is_euclidean = node.integer("p", 2) == 2;
  const TensorId x = node.tensor(0);
  TensorId norm = apply(node, is_euclidean ? "square" : "absolute", x);
  norm = builder.sum(node.name() + ".sum", norm, {axis});
  if (is_euclidean) norm = apply(node, "sqrt", norm);
  node.give(0, builder.elementwise(node.name(), "divide", {x, norm}));
}

/// (x - mean) / deviation over axes, without parameters.
void import_mean_variance(OnnxNode& node) {
  GraphBuilder& builder = node.builder();
  std::vector<std::size_t> axes;
  double count = 1;
  for (const std::int64_t given : node.integers("axes", {0, 2, 3})) {
    axes.push_back(OnnxNode::axis_of(given, node.rank(0)));
    count *= static_cast<double>(node.shape(0)[axes.back()]);
  }
  const TensorId x = node.tensor(0);
  const TensorId mean = apply(node, "scale", builder.sum(node.name() + ".sum", x, axes), 1 / count);
  const TensorId centred = builder.elementwise(node.name() + ".centre", "subtract", {x, mean});
  const TensorId squares =
      builder.sum(node.name() + ".sum_of_squares", apply(node, "square", centred), axes);
  const TensorId variance =
      builder.elementwise(node.name() + ".variance", "scale", {squares}, {1 / count});
  node.give(0,
            builder.elementwise(node.name(), "divide", {centred, apply(node, "sqrt", variance)}));
}

void import_local_response(OnnxNode& node) {
  LocalResponseConstants constants;
  constants.size = node.integer("size", 0);
  constants.alpha = node.real("alpha", 1e-4);
  constants.beta = node.real("beta", 0.75);
  constants.bias = node.real("bias", 1);
  if (constants.size < 1 || constants.size > (1 << 20)) {
    throw std::invalid_argument(fmt::format("has a size of {}", constants.size));
  }
  node.give(0, node.builder().local_response(node.name(), node.tensor(0), constants));
}

void import_cross_entropy(OnnxNode& node) {
  node.has_only_outputs(1);
  if (node.has(2) || node.attribute("ignore_index") != nullptr ||
      node.text("reduction", "mean") == "none") {
    throw UnknownOnnxOperator(
        "a loss with weights, ignored labels or without reduction is not supported");
  }
  GraphBuilder& builder = node.builder();
  const std::size_t rank = node.rank(0);
  if (rank < 2) throw std::invalid_argument("needs scores of at least 2 axes");
  TensorId scores = node.tensor(0);
  if (rank > 2) {
    std::vector<std::size_t> order = {0};
    for (std::size_t i = 2; i < rank; ++i) order.push_back(i);
    order.push_back(1);
    scores = builder.transpose(node.name() + ".transpose", scores, order);
  }
  const TensorId loss = builder.cross_entropy(node.name(), scores, node.tensor(1));
  node.give(0, builder.reshape(node.name() + ".value", loss, {}));
}

}  // namespace

const std::vector<OnnxImporterEntry>& reduction_importers() {
  static const std::vector<OnnxImporterEntry> entries = {
      {"ReduceSum", [](Node& node) { import_sum(node, nullptr, nullptr); }},
      {"ReduceMean", [](Node& node) { import_sum(node, nullptr, nullptr); }},
      {"ReduceL1", [](Node& node) { import_sum(node, "absolute", nullptr); }},
      {"ReduceL2", [](Node& node) { import_sum(node, "square", "sqrt"); }},
      {"ReduceSumSquare", [](Node& node) { import_sum(node, "square", nullptr); }},
      {"ReduceLogSum", [](Node& node) { import_sum(node, nullptr, "log"); }},
      {"ReduceLogSumExp", [](Node& node) { import_sum(node, "exp", "log"); }},
      {"ReduceMax", import_extreme},
      {"ReduceMin", import_extreme},
      {"Softmax", [](Node& node) { node.give(0, softmax(node)); }},
      {"LogSoftmax", [](Node& node) { node.give(0, apply(node, "log", softmax(node))); }},
      {"BatchNormalization", import_batch_norm},
      {"InstanceNormalization", import_instance_norm},
      {"LayerNormalization", import_layer_norm},
      {"LpNormalization", import_lp_norm},
      {"MeanVarianceNormalization", import_mean_variance},
      {"LRN", import_local_response},
      {"SoftmaxCrossEntropyLoss", import_cross_entropy}};
  return entries;
}

}  // namespace simdse
