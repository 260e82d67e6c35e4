// Recurrent layers.
#include <fmt/core.h>

#include "workloads/onnx/onnx_node.h"

namespace simdse {
namespace {

/// Refuses what the graph's LSTM does not have.
void check_form(OnnxNode& node) {
  if (node.has(4))
    throw UnknownOnnxOperator("an LSTM over sequences of several lengths is not supported");
  for (const std::size_t state : {5, 6}) {
    if (!node.has(state)) continue;
    const OnnxValue& value = node.input(state);
    const bool is_zero = value.is_uniform() && value.at(0) == 0;
    if (!is_zero) throw UnknownOnnxOperator("an LSTM with a given first state is not supported");
  }
  if (node.has(7)) throw UnknownOnnxOperator("an LSTM with peepholes is not supported");
  for (const char* name : {"activations", "clip", "input_forget"}) {
    if (node.attribute(name) != nullptr) {
      throw UnknownOnnxOperator(fmt::format("an LSTM with attribute '{}' is not supported", name));
    }
  }
  if (node.integer("layout", 0) != 0)
    throw UnknownOnnxOperator("an LSTM of layout 1 is not supported");
}

/// Weights [directions, 4 features, inputs] as [directions, inputs, 4 features].
TensorId weights_by_input(OnnxNode& node, std::size_t i) {
  OnnxValue value = node.input(i);
  if (value.shape.size() != 3) throw std::invalid_argument("needs weights of 3 axes");
  if (value.tensor == kNone && value.weight.empty()) {
    throw UnknownOnnxOperator("an LSTM with computed weights is not supported");
  }
  const std::vector<std::size_t> order =
      value.order.empty() ? std::vector<std::size_t>{0, 1, 2} : value.order;
  value.order = {order[0], order[2], order[1]};
  std::swap(value.shape[1], value.shape[2]);
  value.contents = nullptr;
  const std::string name = fmt::format("{}.weights{}", node.name(), i);
  node.values().define(name, std::move(value));
  return node.values().tensor(name);
}

/// Entry `direction` along the first axis.
TensorId part(OnnxNode& node, const std::string& name, TensorId whole, std::int64_t direction) {
  GraphBuilder& builder = node.builder();
  const Shape shape = builder.shape(whole);
  if (shape[0] > 1) return builder.select(name, whole, direction);
  return builder.reshape(name, whole, Shape(shape.begin() + 1, shape.end()));
}

void import_lstm(OnnxNode& node) {
  check_form(node);
  GraphBuilder& builder = node.builder();
  const std::string direction = node.text("direction", "forward");
  const std::int64_t count = direction == "bidirectional" ? 2 : 1;
  const TensorId x = node.tensor(0);
  const TensorId input_weights = weights_by_input(node, 1);
  const TensorId state_weights = weights_by_input(node, 2);
  const Shape& sizes = builder.shape(state_weights);
  if (sizes[0] != count || sizes[2] != 4 * sizes[1] || builder.shape(input_weights)[0] != count ||
      builder.shape(input_weights)[2] != sizes[2]) {
    throw std::invalid_argument("the weights don't fit its direction and size");
  }
  const std::int64_t features = sizes[1];
  TensorId biases = kNone;
  if (node.has(3)) {
    // Two for each gate: of the input's product and of the state's.
    biases = builder.reshape(node.name() + ".biases", node.tensor(3), {count, 2, 4 * features});
  }
  // By output: of each direction.
  std::vector<std::vector<TensorId>> results(3);
  for (std::int64_t i = 0; i < count; ++i) {
    const bool is_reverse = direction == "reverse" || i == 1;
    const std::string name =
        count == 1 ? node.name()
                   : fmt::format("{}.{}", node.name(), is_reverse ? "reverse" : "forward");
    LstmWeights weights;
    weights.input = part(node, name + ".input_weight", input_weights, i);
    weights.state = part(node, name + ".state_weight", state_weights, i);
    if (biases != kNone) {
      weights.bias = builder.sum(name + ".bias", part(node, name + ".bias_parts", biases, i), {0});
    }
    const LstmResults lstm = builder.lstm(name, x, weights, is_reverse);
    const Shape states = builder.shape(lstm.states);
    results[0].push_back(
        builder.reshape(name + ".states", lstm.states, {states[0], 1, states[1], features}));
    for (const std::size_t last : {1, 2}) {
      if (!node.wants(last)) continue;
      results[last].push_back(builder.reshape(name + (last == 1 ? ".last_state" : ".last_memory"),
                                              last == 1 ? lstm.last_state : lstm.last_memory,
                                              {1, states[1], features}));
    }
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!node.wants(i)) continue;
    const std::size_t axis = i == 0 ? 1 : 0;
    node.give(i, count == 1 ? results[i][0]
                            : builder.concat(fmt::format("{}.directions{}", node.name(), i),
                                             results[i], axis));
  }
}

}  // namespace

const std::vector<OnnxImporterEntry>& recurrent_importers() {
  static const std::vector<OnnxImporterEntry> entries = {{"LSTM", import_lstm}};
  return entries;
}

}  // namespace simdse
