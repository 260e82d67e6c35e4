#include "workloads/graph_builder.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "workloads/operators/contraction.h"
#include "workloads/operators/convolution.h"
#include "workloads/operators/dropout.h"
#include "workloads/operators/elementwise.h"
#include "workloads/operators/embedding.h"
#include "workloads/operators/loss.h"
#include "workloads/operators/movement.h"
#include "workloads/operators/opaque.h"
#include "workloads/operators/recurrence.h"
#include "workloads/operators/reduction.h"
#include "workloads/operators/rotary.h"
#include "workloads/operators/softmax.h"
#include "workloads/operators/view.h"

namespace simdse {
namespace {

constexpr std::int64_t kMaxAxis = std::int64_t{1} << 40;

void check_groups(std::int64_t groups, std::int64_t in_channels, std::int64_t channels) {
  if (groups >= 1 && in_channels % groups == 0 && channels % groups == 0) return;
  throw std::invalid_argument(fmt::format("{} groups don't divide {} input and {} output channels",
                                          groups, in_channels, channels));
}

}  // namespace

void GraphBuilder::end_segment(OperatorId first) {
  const auto end = static_cast<OperatorId>(graph_.operators().size());
  bool is_used = false;
  for (OperatorId id = first; id < end; ++id) {
    if (graph_.op(id).segment != kNone) continue;
    graph_.set_segment(id, segments_);
    is_used = true;
  }
  if (is_used) ++segments_;
}

TensorId GraphBuilder::input(const std::string& name, Shape shape,
                             std::optional<NumberFormat> format) {
  return add_tensor(name, std::move(shape), format.value_or(formats_.compute), TensorRole::input);
}

TensorId GraphBuilder::parameter(const std::string& name, Shape shape) {
  return add_tensor(name, std::move(shape), formats_.compute, TensorRole::parameter);
}

TensorId GraphBuilder::add_tensor(const std::string& name, Shape shape, NumberFormat format,
                                  TensorRole role) {
  constexpr double max_elements = 4503599627370496.0;  // 2^52
  double elements = 1;
  for (const std::int64_t size : shape) {
    if (size < 1) throw std::invalid_argument(fmt::format("an axis can't have {} entries", size));
    elements *= static_cast<double>(size);
  }
  constexpr std::size_t max_tensors = 200'000;  // a step of GPT-3 has 20,000
  if (graph_.tensors().size() >= max_tensors) {
    throw std::invalid_argument("the graph has more than 200,000 tensors");
  }
  elements_ += elements;
  if (elements_ > max_elements) {
    throw std::invalid_argument("the graph's tensors have more than 2^52 elements");
  }
  return graph_.add_tensor(name, std::move(shape), std::move(format), role);
}

/// Bounds the multiply-accumulates; `product` was just made by a contraction.
void GraphBuilder::count_macs(TensorId product) {
  constexpr double max_macs = 576460752303423488.0;  // 2^59
  const Work work = graph_.work(graph_.tensor(product).producer);
  const ContractionShape& shape = *work.contraction;
  macs_ += static_cast<double>(shape.batch) * static_cast<double>(shape.m) *
           static_cast<double>(shape.n) * static_cast<double>(shape.k) *
           static_cast<double>(1 + work.follow_ups.size());
  if (macs_ > max_macs) throw std::invalid_argument("the graph has more than 2^59 MACs");
}

TensorId GraphBuilder::add(const std::string& name, std::shared_ptr<const OperatorKind> kind,
                           std::vector<TensorId> inputs, Shape shape) {
  const TensorId output =
      add_tensor(name, std::move(shape), formats_.compute, TensorRole::activation);
  graph_.add_operator(name, Phase::forward, std::move(kind), std::move(inputs), {output});
  return output;
}

TensorId GraphBuilder::contraction(const std::string& name, const std::string& equation, TensorId a,
                                   TensorId b) {
  auto kind = contraction_kind(equation);
  Shape result = contraction_shape(*kind, shape(a), shape(b));
  const TensorId product = add(name, std::move(kind), {a, b}, std::move(result));
  count_macs(product);
  return product;
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
  // Checks that the sizes fit before there is a parameter.
  window_output_shape(window, shape(x), channels);
  check_groups(groups, shape(x)[1], channels);
  const TensorId weight = parameter(
      name + ".weight", {channels, shape(x)[1] / groups, window.kernel[0], window.kernel[1]});
  const TensorId y = convolution(name, x, weight, window, groups);
  if (!has_bias) return y;
  return bias(name, y, {channels, 1, 1});
}

TensorId GraphBuilder::convolution(const std::string& name, TensorId x, TensorId weight,
                                   Window window, std::int64_t groups) {
  const Shape& filters = shape(weight);
  if (filters.size() != 4) throw std::invalid_argument("needs weights of 4 axes");
  Shape result = window_output_shape(window, shape(x), filters[0]);
  check_groups(groups, shape(x)[1], filters[0]);
  if (filters[1] != shape(x)[1] / groups || filters[2] != window.kernel[0] ||
      filters[3] != window.kernel[1]) {
    throw std::invalid_argument(fmt::format(
        "weights [{}] don't fit {} channels in {} groups and a window of {} x {}",
        fmt::join(filters, ", "), shape(x)[1], groups, window.kernel[0], window.kernel[1]));
  }
  const TensorId y =
      add(name, std::make_shared<Convolution>(window, groups), {x, weight}, std::move(result));
  count_macs(y);
  return y;
}

TensorId GraphBuilder::bias(const std::string& name, TensorId x, Shape shape) {
  if (broadcast_shape(shape, this->shape(x)) != this->shape(x)) {
    throw std::invalid_argument("the bias is larger than what it is added to");
  }
  return elementwise(name + ".bias_add", "add", {x, parameter(name + ".bias", std::move(shape))});
}

TensorId GraphBuilder::elementwise(const std::string& name, const std::string& function,
                                   std::vector<TensorId> operands,
                                   ElementwiseFunction::Constants constants) {
  auto kind = elementwise_kind(function, constants);
  const auto expected = static_cast<std::size_t>(kind->function().inputs);
  if (operands.size() != expected) {
    throw std::invalid_argument(
        fmt::format("{} takes {} inputs, found {}", function, expected, operands.size()));
  }
  Shape result = shape(operands[0]);
  if (expected == 2) result = broadcast_shape(result, shape(operands[1]));
  return add(name, std::move(kind), std::move(operands), std::move(result));
}

TensorId GraphBuilder::normalization(const std::string& name, NormalizationStyle style, TensorId x,
                                     std::int64_t groups) {
  const bool is_by_channel =
      style == NormalizationStyle::batch || style == NormalizationStyle::group;
  if (shape(x).size() < (is_by_channel ? 2U : 1U)) throw std::invalid_argument("has too few axes");
  const std::int64_t features = is_by_channel ? shape(x)[1] : shape(x).back();
  std::vector<TensorId> parameters = {parameter(name + ".scale", {features})};
  if (style != NormalizationStyle::rms) {
    parameters.push_back(parameter(name + ".shift", {features}));
  }
  return normalization(name, style, x, parameters, groups);
}

TensorId GraphBuilder::normalization(const std::string& name, NormalizationStyle style, TensorId x,
                                     const std::vector<TensorId>& parameters, std::int64_t groups) {
  const bool is_batch = style == NormalizationStyle::batch;
  const bool is_by_channel = is_batch || style == NormalizationStyle::group;
  if (shape(x).size() < (is_by_channel ? 2U : 1U)) throw std::invalid_argument("has too few axes");
  const std::int64_t features = is_by_channel ? shape(x)[1] : shape(x).back();
  if (groups < 1 || features % groups != 0) {
    throw std::invalid_argument(
        fmt::format("{} groups don't divide {} channels", groups, features));
  }
  std::vector<TensorId> inputs = {x};
  for (const TensorId given : parameters) {
    if (shape(given) != Shape{features}) {
      throw std::invalid_argument(fmt::format("needs a scale and shift of {} entries", features));
    }
    inputs.push_back(given);
  }
  auto kind = std::make_shared<Normalization>(style, groups);
  if (!is_batch) return add(name, std::move(kind), std::move(inputs), Shape(shape(x)));
  const TensorId y = add_tensor(name, Shape(shape(x)), formats_.compute, TensorRole::activation);
  const TensorId mean =
      add_tensor(name + ".mean", {features}, formats_.state, TensorRole::activation);
  const TensorId scale =
      add_tensor(name + ".inverse_deviation", {features}, formats_.state, TensorRole::activation);
  graph_.add_operator(name, Phase::forward, std::move(kind), std::move(inputs), {y, mean, scale});
  return y;
}

TensorId GraphBuilder::local_response(const std::string& name, TensorId x,
                                      LocalResponseConstants constants) {
  if (shape(x).size() < 2) throw std::invalid_argument("has too few axes");
  return add(name, std::make_shared<LocalResponse>(constants), {x}, Shape(shape(x)));
}

TensorId GraphBuilder::lstm(const std::string& name, TensorId x, std::int64_t features,
                            bool reverse, bool has_bias) {
  if (shape(x).size() != 3) {
    throw std::invalid_argument("needs an input of 3 axes (sequence, batch, features)");
  }
  LstmWeights weights;
  weights.input = parameter(name + ".input_weight", {shape(x)[2], 4 * features});
  weights.state = parameter(name + ".state_weight", {features, 4 * features});
  if (has_bias) weights.bias = parameter(name + ".bias", {4 * features});
  return lstm(name, x, weights, reverse).states;
}

LstmResults GraphBuilder::lstm(const std::string& name, TensorId x, const LstmWeights& weights,
                               bool reverse) {
  if (shape(x).size() != 3) {
    throw std::invalid_argument("needs an input of 3 axes (sequence, batch, features)");
  }
  const std::int64_t steps = shape(x)[0];
  const std::int64_t batch = shape(x)[1];
  const TensorId state_weight = weights.state;
  const std::int64_t features = shape(state_weight)[0];
  TensorId gates = contraction(name + ".input", "sbi,ig->sbg", x, weights.input);
  if (weights.bias != kNone) gates = elementwise(name + ".bias_add", "add", {gates, weights.bias});
  const auto recurrent = std::make_shared<RecurrentProduct>();
  const auto cell = std::make_shared<LstmCell>();
  std::vector<TensorId> states(static_cast<std::size_t>(steps));
  TensorId h = kNone;
  TensorId c = kNone;
  for (std::int64_t i = 0; i < steps; ++i) {
    const std::int64_t step = reverse ? steps - 1 - i : i;
    const std::string prefix = fmt::format("{}.step{}.", name, step);
    std::vector<TensorId> inputs = {select(prefix + "gates", gates, step)};
    if (h != kNone) {
      inputs.push_back(
          add(prefix + "product", recurrent, {h, state_weight}, {batch, 4 * features}));
      count_macs(inputs.back());
      inputs.push_back(c);
    }
    h = add_tensor(prefix + "state", {batch, features}, formats_.compute, TensorRole::activation);
    c = add_tensor(prefix + "memory", {batch, features}, formats_.compute, TensorRole::activation);
    const TensorId active = add_tensor(prefix + "active_gates", {batch, 4 * features},
                                       formats_.compute, TensorRole::activation);
    graph_.add_operator(prefix + "cell", Phase::forward, cell, std::move(inputs), {h, c, active});
    states[static_cast<std::size_t>(step)] = h;
  }
  return {stack_in_place(graph_, name, Phase::forward, states), h, c};
}

TensorId GraphBuilder::rotary(const std::string& name, TensorId x, TensorId angles) {
  const Shape& whole = shape(x);
  if (whole.size() < 3 || whole.back() % 2 != 0) {
    throw std::invalid_argument("needs an input [batch, sequence, ..., width] of even width");
  }
  if (shape(angles) != Shape{whole[1], whole.back()}) {
    throw std::invalid_argument("needs angles of shape [sequence, width]");
  }
  return add(name, std::make_shared<Rotary>(), {x, angles}, Shape(whole));
}

TensorId GraphBuilder::transpose(const std::string& name, TensorId x,
                                 std::vector<std::size_t> order) {
  const Shape& whole = shape(x);
  std::vector<std::size_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < std::max(sorted.size(), whole.size()); ++i) {
    if (i >= sorted.size() || i >= whole.size() || sorted[i] != i) {
      throw std::invalid_argument(
          fmt::format("the order is no permutation of {} axes", whole.size()));
    }
  }
  Shape result;
  for (const std::size_t axis : order) result.push_back(whole[axis]);
  return add(name, std::make_shared<Transpose>(std::move(order)), {x}, std::move(result));
}

TensorId GraphBuilder::concat(const std::string& name, std::vector<TensorId> parts,
                              std::size_t axis) {
  if (parts.empty()) throw std::invalid_argument("needs an input");
  Shape result = shape(parts[0]);
  if (axis >= result.size()) throw std::invalid_argument(fmt::format("has no axis {}", axis));
  for (std::size_t i = 1; i < parts.size(); ++i) {
    Shape part = shape(parts[i]);
    const std::int64_t length = axis < part.size() ? part[axis] : 0;
    if (axis < part.size()) part[axis] = result[axis];
    if (part != result) throw std::invalid_argument("the inputs differ in more than that axis");
    result[axis] += length;
  }
  return add(name, std::make_shared<Concat>(axis), std::move(parts), std::move(result));
}

std::vector<TensorId> GraphBuilder::split(const std::string& name, TensorId x, std::size_t axis,
                                          const Shape& lengths) {
  Shape part = shape(x);
  if (axis >= part.size() ||
      std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0}) != part[axis]) {
    throw std::invalid_argument(fmt::format("the parts don't add up to axis {}", axis));
  }
  std::vector<TensorId> parts;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    part[axis] = lengths[i];
    parts.push_back(add_tensor(fmt::format("{}.{}", name, i), Shape(part), formats_.compute,
                               TensorRole::activation));
  }
  graph_.add_operator(name, Phase::forward, std::make_shared<Split>(axis), {x}, parts);
  return parts;
}

TensorId GraphBuilder::pad(const std::string& name, TensorId x, const Shape& before,
                           const Shape& after) {
  Shape result = shape(x);
  if (before.size() != result.size() || after.size() != result.size()) {
    throw std::invalid_argument(fmt::format("needs a padding for each of {} axes", result.size()));
  }
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (before[i] < 0 || after[i] < 0) throw std::invalid_argument("the padding is negative");
    if (before[i] > kMaxAxis || after[i] > kMaxAxis)
      throw std::invalid_argument("too much padding");
    result[i] += before[i] + after[i];
  }
  return add(name, std::make_shared<Pad>(before), {x}, std::move(result));
}

TensorId GraphBuilder::sum(const std::string& name, TensorId x,
                           const std::vector<std::size_t>& axes) {
  Shape result = shape(x);
  for (const std::size_t axis : axes) {
    if (axis >= result.size()) throw std::invalid_argument(fmt::format("has no axis {}", axis));
    result[axis] = 1;
  }
  return add(name, std::make_shared<SumTo>(), {x}, std::move(result));
}

TensorId GraphBuilder::broadcast(const std::string& name, TensorId x, Shape shape) {
  if (broadcast_shape(this->shape(x), shape) != shape) {
    throw std::invalid_argument("the input does not broadcast to that shape");
  }
  return add(name, std::make_shared<BroadcastTo>(), {x}, std::move(shape));
}

std::vector<TensorId> GraphBuilder::opaque(const std::string& name, const std::string& meaning,
                                           std::vector<TensorId> inputs,
                                           const std::vector<Shape>& results) {
  std::vector<TensorId> outputs;
  for (std::size_t i = 0; i < results.size(); ++i) {
    outputs.push_back(add_tensor(i == 0 ? name : fmt::format("{}.{}", name, i), Shape(results[i]),
                                 formats_.compute, TensorRole::activation));
  }
  graph_.add_operator(name, Phase::forward, std::make_shared<Opaque>(meaning), std::move(inputs),
                      outputs);
  return outputs;
}

TensorId GraphBuilder::softmax(const std::string& name, TensorId x) {
  return add(name, std::make_shared<Softmax>(), {x}, Shape(shape(x)));
}

TensorId GraphBuilder::attention(const std::string& name, TensorId q, TensorId keys_values,
                                 AttentionConstants constants) {
  const Shape rows = shape(q);  // copies: the graph grows
  const Shape kv = shape(keys_values);
  if (kv.size() != 5 || kv[0] != 2) {
    throw std::invalid_argument("needs keys and values as [2, batch, keys, groups, width]");
  }
  if (rows.size() < 4 || rows[0] != kv[1] || rows[2] != kv[3] || rows.back() != kv[4]) {
    throw std::invalid_argument(fmt::format(
        "queries [{}] don't fit keys and values [{}]: need [batch, queries, groups, ..., "
        "width]",
        fmt::join(rows, ", "), fmt::join(kv, ", ")));
  }
  if (constants.dropout < 0 || constants.dropout >= 1) {
    throw std::invalid_argument(
        fmt::format("a dropout of {:g} is not from 0 to below 1", constants.dropout));
  }
  const TensorId context = add_tensor(name, Shape(rows), formats_.compute, TensorRole::activation);
  const TensorId sums = add_tensor(name + ".log_sums", Shape(rows.begin(), rows.end() - 1),
                                   formats_.state, TensorRole::activation);
  graph_.add_operator(name, Phase::forward, std::make_shared<Attention>(constants),
                      {q, keys_values}, {context, sums});
  count_macs(context);
  return context;
}

TensorId GraphBuilder::dropout(const std::string& name, TensorId x, double rate) {
  if (rate < 0 || rate >= 1) {
    throw std::invalid_argument(fmt::format("a rate of {:g} is not from 0 to below 1", rate));
  }
  const TensorId y = add_tensor(name, Shape(shape(x)), formats_.compute, TensorRole::activation);
  const TensorId mask =
      add_tensor(name + ".mask", Shape(shape(x)), number_format("mask"), TensorRole::activation);
  graph_.add_operator(name, Phase::forward, std::make_shared<Dropout>(rate), {x}, {y, mask});
  return y;
}

TensorId GraphBuilder::embedding(const std::string& name, TensorId ids, std::int64_t rows,
                                 std::int64_t width) {
  return embedding(name, ids, parameter(name + ".table", {rows, width}));
}

TensorId GraphBuilder::embedding(const std::string& name, TensorId ids, TensorId table) {
  if (shape(table).size() != 2) throw std::invalid_argument("needs a table of 2 axes");
  Shape result = shape(ids);
  result.push_back(shape(table)[1]);
  return add(name, std::make_shared<Embedding>(), {ids, table}, std::move(result));
}

TensorId GraphBuilder::pooling(const std::string& name, PoolingStyle style, TensorId x,
                               Window window) {
  Shape result = window_output_shape(window, shape(x), shape(x).size() > 1 ? shape(x)[1] : 0);
  return add(name, std::make_shared<Pooling>(style, window), {x}, std::move(result));
}

TensorId GraphBuilder::reshape(const std::string& name, TensorId x, Shape shape) {
  const std::int64_t total = graph_.tensor(x).elements();
  double known = 1;
  for (const std::int64_t size : shape) known *= size == -1 ? 1.0 : static_cast<double>(size);
  const auto open = std::find(shape.begin(), shape.end(), -1);
  if (open != shape.end() && known >= 1 && known <= static_cast<double>(total)) {
    *open = total / static_cast<std::int64_t>(known);
    known *= static_cast<double>(*open);
  }
  const bool is_positive = std::all_of(shape.begin(), shape.end(), [](auto n) { return n > 0; });
  if (!is_positive || known != static_cast<double>(total)) {
    throw std::invalid_argument(
        fmt::format("{} elements can't take the shape [{}]", total, fmt::join(shape, ", ")));
  }
  const TensorId view = graph_.add_view(name, std::move(shape), x);
  graph_.add_operator(name, Phase::forward, std::make_shared<Reshape>(), {x}, {view});
  return view;
}

TensorId GraphBuilder::slice(const std::string& name, TensorId x, std::int64_t axis,
                             std::int64_t start, std::int64_t length) {
  Shape starts(shape(x).size(), 0);
  Shape lengths = shape(x);
  if (axis >= static_cast<std::int64_t>(lengths.size())) {
    throw std::invalid_argument(fmt::format("has no axis {}", axis));
  }
  starts[axis] = start;
  lengths[axis] = length;
  return slice(name, x, std::move(starts), std::move(lengths));
}

TensorId GraphBuilder::slice(const std::string& name, TensorId x, Shape starts, Shape lengths) {
  const Shape& whole = shape(x);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (starts[i] < 0 || lengths[i] < 1 || lengths[i] > whole[i] ||
        starts[i] > whole[i] - lengths[i]) {
      throw std::invalid_argument(fmt::format("the slice of {} from {} on of axis {} lies outside",
                                              lengths[i], starts[i], i));
    }
  }
  return add(name, std::make_shared<Slice>(std::move(starts)), {x}, std::move(lengths));
}

TensorId GraphBuilder::stack(const std::string& name, const std::vector<TensorId>& parts) {
  for (const TensorId part : parts) {
    if (shape(part) != shape(parts.front())) {
      throw std::invalid_argument("the inputs differ in shape");
    }
  }
  return stack_in_place(graph_, name, Phase::forward, parts);
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
