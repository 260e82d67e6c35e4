#include "workloads/graph_builder.h"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>

#include "workloads/operators/contraction.h"
#include "workloads/operators/convolution.h"
#include "workloads/operators/dropout.h"
#include "workloads/operators/elementwise.h"
#include "workloads/operators/embedding.h"
#include "workloads/operators/loss.h"
#include "workloads/operators/movement.h"
#include "workloads/operators/softmax.h"
#include "workloads/operators/view.h"

namespace simdse {

TensorId GraphBuilder::input(const std::string& name, Shape shape,
                             std::optional<NumberFormat> format) {
  return graph_.add_tensor(name, std::move(shape), format.value_or(formats_.compute),
                           TensorRole::input);
}

TensorId GraphBuilder::parameter(const std::string& name, Shape shape) {
  return graph_.add_tensor(name, std::move(shape), formats_.compute, TensorRole::parameter);
}

TensorId GraphBuilder::add(const std::string& name, std::shared_ptr<const OperatorKind> kind,
                           std::vector<TensorId> inputs, Shape shape) {
  const TensorId output =
      graph_.add_tensor(name, std::move(shape), formats_.compute, TensorRole::activation);
  graph_.add_operator(name, Phase::forward, std::move(kind), std::move(inputs), {output});
  return output;
}

TensorId GraphBuilder::contraction(const std::string& name, const std::string& equation, TensorId a,
                                   TensorId b) {
  auto kind = contraction_kind(equation);
  Shape result = contraction_shape(*kind, shape(a), shape(b));
  return add(name, std::move(kind), {a, b}, std::move(result));
}

TensorId GraphBuilder::linear(const std::string& name, TensorId x, std::int64_t features,
                              bool has_bias) {
  const std::size_t rank = shape(x).size();
  if (rank == 0 || rank > 20) throw std::invalid_argument("needs an input of 1 to 20 axes");
  std::string labels;
  for (std::size_t i = 0; i < rank; ++i) labels += static_cast<char>('a' + i);
  const TensorId weight = parameter(name + ".weight", {shape(x).back(), features});
  const std::string product = labels.substr(0, rank - 1) + "z";
  const TensorId y = contraction(name, labels + "," + labels.back() + "z->" + product, x, weight);
  if (!has_bias) return y;
  return bias(name, y, {features});
}

TensorId GraphBuilder::convolution(const std::string& name, TensorId x, std::int64_t channels,
                                   Window window, std::int64_t groups, bool has_bias) {
  Shape result = window_output_shape(window, shape(x), channels);
  const std::int64_t in_channels = shape(x)[1];
  if (in_channels % groups != 0 || channels % groups != 0) {
    throw std::invalid_argument(fmt::format(
        "{} groups don't divide {} input and {} output channels", groups, in_channels, channels));
  }
  const TensorId weight = parameter(
      name + ".weight", {channels, in_channels / groups, window.kernel[0], window.kernel[1]});
  const TensorId y =
      add(name, std::make_shared<Convolution>(window, groups), {x, weight}, std::move(result));
  if (!has_bias) return y;
  return bias(name, y, {channels, 1, 1});
}

TensorId GraphBuilder::bias(const std::string& name, TensorId x, Shape shape) {
  if (broadcast_shape(shape, this->shape(x)) != this->shape(x)) {
    throw std::invalid_argument("the bias is larger than what it is added to");
  }
  return elementwise(name + ".bias_add", "add", {x, parameter(name + ".bias", std::move(shape))});
}

TensorId GraphBuilder::elementwise(const std::string& name, const std::string& function,
                                   std::vector<TensorId> operands, double parameter) {
  auto kind = elementwise_kind(function, parameter);
  const auto expected = static_cast<std::size_t>(kind->function().inputs);
  if (operands.size() != expected) {
    throw std::invalid_argument(
        fmt::format("{} takes {} inputs, found {}", function, expected, operands.size()));
  }
  Shape result = shape(operands[0]);
  if (expected == 2) result = broadcast_shape(result, shape(operands[1]));
  return add(name, std::move(kind), std::move(operands), std::move(result));
}

TensorId GraphBuilder::normalization(const std::string& name, NormalizationStyle style,
                                     TensorId x) {
  const bool is_batch = style == NormalizationStyle::batch;
  if (shape(x).size() < (is_batch ? 2U : 1U)) throw std::invalid_argument("has too few axes");
  const std::int64_t features = is_batch ? shape(x)[1] : shape(x).back();
  std::vector<TensorId> inputs = {x, parameter(name + ".scale", {features})};
  if (style != NormalizationStyle::rms) inputs.push_back(parameter(name + ".shift", {features}));
  if (!is_batch) {
    return add(name, std::make_shared<Normalization>(style), std::move(inputs), Shape(shape(x)));
  }
  const TensorId y =
      graph_.add_tensor(name, Shape(shape(x)), formats_.compute, TensorRole::activation);
  const TensorId mean =
      graph_.add_tensor(name + ".mean", {features}, formats_.state, TensorRole::activation);
  const TensorId scale = graph_.add_tensor(name + ".inverse_deviation", {features}, formats_.state,
                                           TensorRole::activation);
  graph_.add_operator(name, Phase::forward, std::make_shared<Normalization>(style),
                      std::move(inputs), {y, mean, scale});
  return y;
}

TensorId GraphBuilder::softmax(const std::string& name, TensorId x) {
  return add(name, std::make_shared<Softmax>(), {x}, Shape(shape(x)));
}

TensorId GraphBuilder::dropout(const std::string& name, TensorId x, double rate) {
  const TensorId y =
      graph_.add_tensor(name, Shape(shape(x)), formats_.compute, TensorRole::activation);
  const TensorId mask = graph_.add_tensor(name + ".mask", Shape(shape(x)), number_format("mask"),
                                          TensorRole::activation);
  graph_.add_operator(name, Phase::forward, std::make_shared<Dropout>(rate), {x}, {y, mask});
  return y;
}

TensorId GraphBuilder::embedding(const std::string& name, TensorId ids, std::int64_t rows,
                                 std::int64_t width) {
  Shape result = shape(ids);
  result.push_back(width);
  return add(name, std::make_shared<Embedding>(), {ids, parameter(name + ".table", {rows, width})},
             std::move(result));
}

TensorId GraphBuilder::pooling(const std::string& name, PoolingStyle style, TensorId x,
                               Window window) {
  Shape result = window_output_shape(window, shape(x), shape(x).size() > 1 ? shape(x)[1] : 0);
  return add(name, std::make_shared<Pooling>(style, window), {x}, std::move(result));
}

TensorId GraphBuilder::reshape(const std::string& name, TensorId x, Shape shape) {
  const std::int64_t total = graph_.tensor(x).elements();
  const auto open = std::find(shape.begin(), shape.end(), -1);
  if (open != shape.end()) {
    const std::int64_t known = -element_count(shape);
    *open = known > 0 ? total / known : 0;
  }
  if (element_count(shape) != total) {
    throw std::invalid_argument(
        fmt::format("{} elements can't take a shape of {}", total, element_count(shape)));
  }
  const TensorId view = graph_.add_view(name, std::move(shape), x);
  graph_.add_operator(name, Phase::forward, std::make_shared<Reshape>(), {x}, {view});
  return view;
}

TensorId GraphBuilder::slice(const std::string& name, TensorId x, std::int64_t axis,
                             std::int64_t start, std::int64_t length) {
  Shape result = shape(x);
  if (axis >= static_cast<std::int64_t>(result.size()) || start + length > result[axis]) {
    throw std::invalid_argument(
        fmt::format("the slice {} to {} of axis {} lies outside", start, start + length, axis));
  }
  result[axis] = length;
  return add(name, std::make_shared<Slice>(axis, start), {x}, std::move(result));
}

TensorId GraphBuilder::select(const std::string& name, TensorId x, std::int64_t index) {
  const Shape& whole = shape(x);
  if (whole.empty() || index >= whole[0]) {
    throw std::invalid_argument(fmt::format("has no entry {} along its first axis", index));
  }
  const Tensor& tensor = graph_.tensor(x);
  const Bytes entry = tensor.format.bytes(tensor.elements() / whole[0]);
  const TensorId view =
      graph_.add_view(name, Shape(whole.begin() + 1, whole.end()), x, entry * index);
  graph_.add_operator(name, Phase::forward, std::make_shared<Select>(index), {x}, {view});
  return view;
}

TensorId GraphBuilder::cross_entropy(const std::string& name, TensorId logits, TensorId labels) {
  Shape rows = shape(logits);
  if (!rows.empty()) rows.pop_back();
  if (rows != shape(labels)) {
    throw std::invalid_argument("needs one label for each row of the logits");
  }
  return add(name, std::make_shared<CrossEntropy>(), {logits, labels}, {1});
}

TensorId GraphBuilder::squared_error(const std::string& name, TensorId x, TensorId target) {
  if (shape(x) != shape(target)) throw std::invalid_argument("needs a target of the input's shape");
  return add(name, std::make_shared<SquaredError>(), {x, target}, {1});
}

}  // namespace simdse
