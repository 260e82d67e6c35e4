// Convolutions and pooling.
#include <fmt/core.h>

#include <algorithm>

#include "workloads/onnx/onnx_node.h"

namespace simdse {
namespace {

/// Gives an input of one spatial axis a second one of size 1 before it. Windows are over two.
TensorId image(OnnxNode& node, std::size_t i) {
  const std::size_t rank = node.rank(i);
  if (rank < 3) throw std::invalid_argument("needs an input of at least 3 axes");
  if (rank > 4)
    throw UnknownOnnxOperator(fmt::format("a window over {} axes is not supported", rank - 2));
  const TensorId x = node.tensor(i);
  if (rank == 4) return x;
  const Shape& shape = node.shape(i);
  return node.builder().reshape(fmt::format("{}.image{}", node.name(), i), x,
                                {shape[0], shape[1], 1, shape[2]});
}

/// Undoes what image() did.
void give_image(OnnxNode& node, TensorId y) {
  const Shape shape = node.builder().shape(y);
  if (node.rank(0) == 3) {
    y = node.builder().reshape(node.name() + ".line", y, {shape[0], shape[1], shape[3]});
  }
  node.give(0, y);
}

void check_sizes(const Shape& sizes, std::size_t count, std::int64_t min, const char* what) {
  constexpr std::int64_t limit = std::int64_t{1} << 30;
  if (sizes.size() != count) {
    throw std::invalid_argument(fmt::format("{} needs {} entries", what, count));
  }
  for (const std::int64_t size : sizes) {
    if (size < min || size > limit) {
      throw std::invalid_argument(fmt::format("{} has an entry {}", what, size));
    }
  }
}

Window window_of(OnnxNode& node, const Shape& kernel) {
  const Shape& input = node.shape(0);
  const std::size_t axes = input.size() - 2;
  const Shape ones(axes, 1);
  const Shape strides = node.integers("strides", ones);
  const Shape dilations = node.integers("dilations", ones);
  Shape pads = node.integers("pads", Shape(2 * axes, 0));
  check_sizes(kernel, axes, 1, "kernel_shape");
  check_sizes(strides, axes, 1, "strides");
  check_sizes(dilations, axes, 1, "dilations");
  check_sizes(pads, 2 * axes, 0, "pads");
  const std::string automatic = node.text("auto_pad", "NOTSET");
  if (automatic != "NOTSET" && automatic != "VALID" && automatic != "SAME_UPPER" &&
      automatic != "SAME_LOWER") {
    throw std::invalid_argument(fmt::format("auto_pad '{}' is none of ONNX's", automatic));
  }
  if (automatic == "VALID") pads.assign(2 * axes, 0);
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    for (std::size_t i = 0; i < axes; ++i) {
      const std::int64_t size = input[i + 2];
      const std::int64_t extent = (kernel[i] - 1) * dilations[i] + 1;
      const std::int64_t positions = ceil_div(size, strides[i]);
      const std::int64_t total =
          std::max<std::int64_t>(0, (positions - 1) * strides[i] + extent - size);
      pads[i] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      pads[i + axes] = total - pads[i];
    }
  }
  Window window;
  window.ceil_mode = node.integer("ceil_mode", 0) != 0;
  for (std::size_t i = 0; i < axes; ++i) {
    const std::size_t to = i + 2 - axes;  // one axis is the width
    window.kernel[to] = kernel[i];
    window.stride[to] = strides[i];
    window.dilation[to] = dilations[i];
    window.pad_before[to] = pads[i];
    window.pad_after[to] = pads[i + axes];
  }
  return window;
}

void import_convolution(OnnxNode& node) {
  if (node.rank(0) != node.rank(1) || node.rank(1) < 3) {
    throw std::invalid_argument("the weights don't fit the input's axes");
  }
  const Shape& weight_shape = node.shape(1);
  const TensorId x = image(node, 0);
  const TensorId weight = image(node, 1);
  const Window window = window_of(
      node, node.integers("kernel_shape", Shape(weight_shape.begin() + 2, weight_shape.end())));
  GraphBuilder& builder = node.builder();
  TensorId y = builder.convolution(node.name(), x, weight, window, node.integer("group", 1));
  if (node.has(2)) {
    const TensorId bias =
        builder.reshape(node.name() + ".bias_view", node.tensor(2), {weight_shape[0], 1, 1});
    y = builder.elementwise(node.name() + ".bias_add", "add", {y, bias});
  }
  give_image(node, y);
}

void import_pooling(OnnxNode& node, PoolingStyle style) {
  node.has_only_outputs(1);
  const TensorId x = image(node, 0);
  give_image(node, node.builder().pooling(node.name(), style, x,
                                          window_of(node, node.integers("kernel_shape"))));
}

void import_global_pooling(OnnxNode& node, PoolingStyle style) {
  const Shape& shape = node.shape(0);
  if (shape.size() < 3) throw std::invalid_argument("needs an input of at least 3 axes");
  GraphBuilder& builder = node.builder();
  // All spatial axes are one window; seen as one axis when they are not two.
  TensorId x = node.tensor(0);
  Shape seen = shape;
  if (shape.size() != 4) {
    std::int64_t area = 1;
    for (std::size_t i = 2; i < shape.size(); ++i) area *= shape[i];
    seen = {shape[0], shape[1], 1, area};
    x = builder.reshape(node.name() + ".image", x, seen);
  }
  Window window;
  window.kernel = {seen[2], seen[3]};
  TensorId y = builder.pooling(node.name(), style, x, window);
  if (shape.size() != 4) {
    Shape result(shape.size(), 1);
    result[0] = shape[0];
    result[1] = shape[1];
    y = builder.reshape(node.name() + ".axes", y, result);
  }
  node.give(0, y);
}

}  // namespace

const std::vector<OnnxImporterEntry>& window_importers() {
  static const std::vector<OnnxImporterEntry> entries = {
      {"Conv", import_convolution},
      {"MaxPool", [](OnnxNode& node) { import_pooling(node, PoolingStyle::max); }},
      {"AveragePool", [](OnnxNode& node) { import_pooling(node, PoolingStyle::average); }},
      {"GlobalMaxPool", [](OnnxNode& node) { import_global_pooling(node, PoolingStyle::max); }},
      {"GlobalAveragePool",
       [](OnnxNode& node) { import_global_pooling(node, PoolingStyle::average); }}};
  return entries;
}

}  // namespace simdse
