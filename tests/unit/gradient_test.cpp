// The derived backward pass, run on numbers, against finite differences of the forward pass.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "reference/interpreter.h"
#include "workloads/operators/elementwise.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

TrainingOptions plain_options() {
  TrainingOptions options;
  options.optimizer = "sgd";
  options.formats.compute = number_format("fp32");
  return options;
}

/// A training step with random numbers in every tensor that is given from outside.
class Experiment {
 public:
  Experiment(const Graph& forward, const TrainingOptions& options)
      : graph_(derive_training_step(forward, options)), interpreter_(graph_) {
    std::mt19937 random(7);
    std::normal_distribution<double> normal(0, 1);
    for (std::size_t id = 0; id < graph_.tensors().size(); ++id) {
      const Tensor& tensor = graph_.tensors()[id];
      if (tensor.producer != kNone) continue;
      Values& values = interpreter_.values(static_cast<TensorId>(id));
      values.resize(static_cast<std::size_t>(tensor.elements()));
      const bool is_index = tensor.format.name == "int32";
      const double scale = tensor.role == TensorRole::parameter ? weight_scale(tensor) : 1;
      for (double& value : values) {
        value = is_index ? static_cast<double>(random() % 2) : scale * normal(random);
      }
    }
    interpreter_.run(false);
    for (const Operator& op : graph_.operators()) {
      if (op.phase == Phase::update) {
        gradients_[graph_.tensor(op.outputs[0]).storage] = interpreter_.values(op.inputs[0]);
      }
    }
  }

  const Graph& graph() const { return graph_; }
  const std::map<TensorId, Values>& gradients() const { return gradients_; }

  /// Compares, along a random direction of each parameter, the slope of the loss with the gradient.
  void expect_true_gradients() {
    ASSERT_FALSE(gradients_.empty());
    std::mt19937 random(11);
    std::normal_distribution<double> normal(0, 1);
    for (const auto& [parameter, gradient] : gradients_) {
      Values direction(gradient.size());
      double expected = 0;
      double length = 0;
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        direction[i] = normal(random);
        expected += direction[i] * gradient[i];
        length += gradient[i] * gradient[i];
      }
      constexpr double step = 1e-5;
      const double slope =
          (loss_at(parameter, direction, step) - loss_at(parameter, direction, -step)) / (2 * step);
      const double tolerance = 1e-5 * (std::sqrt(length) + 1e-3);
      EXPECT_NEAR(slope, expected, tolerance) << graph_.tensor(parameter).name;
      EXPECT_GT(length, 0) << graph_.tensor(parameter).name << " has no influence";
    }
  }

 private:
  /// Small enough that deep products stay of order one.
  static double weight_scale(const Tensor& tensor) {
    return tensor.shape.size() < 2 ? 1 : 1 / std::sqrt(static_cast<double>(tensor.shape[0]));
  }

  double loss_at(TensorId parameter, const Values& direction, double step) {
    const Values saved = interpreter_.values(parameter);
    Values& values = interpreter_.values(parameter);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += step * direction[i];
    interpreter_.run(true);
    values = saved;
    double loss = 0;
    for (const Operator& op : graph_.operators()) {
      if (op.phase == Phase::forward && op.kind->is_loss())
        loss += interpreter_.values(op.outputs[0])[0];
    }
    // Without a loss: the results, weighted by the gradients given for them.
    for (std::size_t id = 0; id < graph_.tensors().size(); ++id) {
      const std::string suffix = ".given_gradient";
      const std::string& name = graph_.tensors()[id].name;
      if (name.size() <= suffix.size() || name.substr(name.size() - suffix.size()) != suffix)
        continue;
      const std::string result = name.substr(0, name.size() - suffix.size());
      for (std::size_t of = 0; of < graph_.tensors().size(); ++of) {
        if (graph_.tensors()[of].name != result) continue;
        const Values& weights = interpreter_.values(static_cast<TensorId>(id));
        const Values& values_of = interpreter_.values(static_cast<TensorId>(of));
        for (std::size_t i = 0; i < weights.size(); ++i) loss += weights[i] * values_of[i];
        break;
      }
    }
    return loss;
  }

  Graph graph_;
  Interpreter interpreter_;
  std::map<TensorId, Values> gradients_;
};

/// One operator behind a trained shift of its input, so that the gradient of the input is tested
/// too.
struct KindCase {
  const char* name;
  Shape shape;  ///< of the first input
  std::function<void(GraphBuilder&, TensorId)> add;
};

void PrintTo(const KindCase& test, std::ostream* out) { *out << test.name; }

class EveryKind : public ::testing::TestWithParam<KindCase> {};

TEST_P(EveryKind, GradientEqualsFiniteDifferences) {
  GraphBuilder builder(plain_options().formats);
  const TensorId x = builder.input("x", GetParam().shape);
  const TensorId shifted = builder.bias("start", x, GetParam().shape);
  GetParam().add(builder, shifted);
  Experiment(builder.take(), plain_options()).expect_true_gradients();
}

Window window_of(std::int64_t kernel, std::int64_t stride, std::int64_t pad) {
  Window window;
  window.kernel = {kernel, kernel};
  window.stride = {stride, stride};
  window.pad_before = window.pad_after = {pad, pad};
  return window;
}

std::vector<KindCase> kind_cases() {
  using B = GraphBuilder;
  using T = TensorId;
  const auto second = [](B& b, Shape shape) {
    return b.bias("second", b.input("y", shape), shape);
  };
  return {
      {"linear", {2, 3, 4}, [](B& b, T x) { b.linear("f", x, 5, true); }},
      {"scores",
       {2, 3, 2, 4},
       [=](B& b, T x) {
         b.contraction("f", "bqhd,bkhd->bhqk", x, second(b, {2, 5, 2, 4}));
       }},
      {"convolution",
       {2, 3, 5, 6},
       [](B& b, T x) { b.convolution("f", x, 4, window_of(3, 1, 1), 1, true); }},
      {"strided",
       {2, 4, 7, 5},
       [](B& b, T x) { b.convolution("f", x, 6, window_of(3, 2, 1), 1, false); }},
      {"grouped",
       {2, 4, 5, 5},
       [](B& b, T x) { b.convolution("f", x, 6, window_of(3, 1, 0), 2, false); }},
      {"depthwise",
       {2, 4, 5, 5},
       [](B& b, T x) { b.convolution("f", x, 4, window_of(3, 2, 1), 4, false); }},
      {"dilated",
       {1, 2, 7, 7},
       [](B& b, T x) {
         Window window = window_of(3, 1, 2);
         window.dilation = {2, 1};
         b.convolution("f", x, 3, window, 1, false);
       }},
      {"layer_norm",
       {2, 3, 5},
       [](B& b, T x) { b.normalization("f", NormalizationStyle::layer, x); }},
      {"rms_norm", {2, 3, 5}, [](B& b, T x) { b.normalization("f", NormalizationStyle::rms, x); }},
      {"batch_norm",
       {3, 4, 2, 2},
       [](B& b, T x) { b.normalization("f", NormalizationStyle::batch, x); }},
      {"group_norm",
       {3, 4, 2, 2},
       [](B& b, T x) { b.normalization("f", NormalizationStyle::group, x, 2); }},
      {"local_response",
       {2, 7, 2, 2},
       [](B& b, T x) {
         LocalResponseConstants constants;
         constants.size = 4;
         constants.alpha = 0.5;
         b.local_response("f", x, constants);
       }},
      {"softmax", {3, 5}, [](B& b, T x) { b.softmax("f", x); }},
      {"dropout", {3, 5}, [](B& b, T x) { b.dropout("f", x, 0.3); }},
      {"max_pool",
       {2, 3, 6, 6},
       [](B& b, T x) { b.pooling("f", PoolingStyle::max, x, window_of(3, 2, 1)); }},
      {"average_pool",
       {2, 3, 6, 6},
       [](B& b, T x) { b.pooling("f", PoolingStyle::average, x, window_of(3, 2, 1)); }},
      {"embedding",
       {2, 3, 4},
       [](B& b, T x) {
         const T ids = b.input("ids", {2, 3}, number_format("int32"));
         b.elementwise("f", "multiply", {x, b.embedding("table", ids, 2, 4)});
       }},
      {"cross_entropy",
       {4, 3},
       [](B& b, T x) { b.cross_entropy("f", x, b.input("labels", {4}, number_format("int32"))); }},
      {"squared_error",
       {4, 3},
       [](B& b, T x) {
         b.squared_error("f", x, b.input("target", {4, 3}));
       }},
      {"reshape",
       {2, 6},
       [](B& b, T x) {
         b.reshape("f", x, {3, 4});
       }},
      {"transpose",
       {2, 3, 4},
       [](B& b, T x) {
         b.transpose("f", x, {2, 0, 1});
       }},
      {"concat",
       {2, 3, 4},
       [=](B& b, T x) {
         b.concat("f", {x, second(b, {2, 5, 4}), x}, 1);
       }},
      {"stack",
       {2, 3},
       [=](B& b, T x) {
         b.elementwise("f", "exp", {b.stack("s", {x, second(b, {2, 3}), x})});
       }},
      {"attention",
       {2, 3, 2, 4},
       [=](B& b, T x) {
         b.attention("f", x, second(b, {2, 2, 5, 2, 4}), {0.5, 0});
       }},
      {"attention_with_dropout",
       {2, 3, 2, 4},
       [=](B& b, T x) {
         b.attention("f", x, second(b, {2, 2, 5, 2, 4}), {0.5, 0.4});
       }},
      {"attention_of_grouped_queries",
       {2, 3, 2, 3, 4},
       [=](B& b, T x) {
         b.attention("f", x, second(b, {2, 2, 5, 2, 4}), {0.5, 0});
       }},
      {"split",
       {2, 6},
       [](B& b, T x) {
         const auto parts = b.split("f", x, 1, {2, 1, 3});
         b.elementwise("use", "square", {parts[0]});
         b.elementwise("use2", "exp", {parts[1]});
         b.elementwise("use3", "tanh", {parts[2]});
       }},
      {"split_half_used",
       {2, 6},
       [](B& b, T x) {
         const auto parts = b.split("f", x, 1, {2, 1, 3});
         const T labels = b.input("target", {2, 3});
         b.squared_error("loss", parts[2], labels);
       }},
      {"slice",
       {4, 6},
       [](B& b, T x) {
         b.slice("f", x, {1, 2}, {2, 3});
       }},
      {"pad",
       {2, 3},
       [](B& b, T x) {
         b.pad("f", x, {1, 0}, {0, 2});
       }},
      {"sum",
       {2, 3, 4},
       [](B& b, T x) {
         b.sum("f", x, {0, 2});
       }},
      {"broadcast",
       {3, 1},
       [](B& b, T x) {
         b.broadcast("f", x, {2, 3, 4});
       }},
      {"rotary",
       {2, 3, 2, 4},
       [](B& b, T x) {
         b.rotary("f", x, b.input("angles", {3, 4}));
       }},
      {"select_all",
       {3, 4},
       [](B& b, T x) {
         const T last = b.select("c", x, 2);
         const T first = b.select("a", x, 0);
         const T middle = b.select("b", x, 1);
         b.elementwise("f", "multiply", {b.elementwise("g", "multiply", {first, middle}), last});
       }},
      {"select_same_gradient",
       {2, 4},
       [](B& b, T x) {
         b.elementwise("f", "add", {b.select("a", x, 0), b.select("b", x, 1)});
       }},
      {"select_some",
       {3, 4},
       [](B& b, T x) {
         b.elementwise("f", "multiply", {b.select("a", x, 2), b.select("b", x, 0)});
       }},
      {"select_twice",
       {2, 4},
       [](B& b, T x) {
         const T first = b.select("a", x, 0);
         const T again = b.select("b", x, 0);
         b.elementwise("f", "multiply", {first, b.elementwise("g", "exp", {again})});
       }},
      {"lstm", {4, 2, 3}, [](B& b, T x) { b.lstm("f", x, 5, false, true); }},
      {"lstm_reverse", {4, 2, 3}, [](B& b, T x) { b.lstm("f", x, 5, true, false); }},
      {"lstm_stacked",
       {3, 2, 3},
       [](B& b, T x) { b.lstm("g", b.lstm("f", x, 4, false, true), 2, true, true); }},
      {"lstm_last_state",
       {3, 2, 3},
       [](B& b, T x) {
         b.squared_error("loss", b.select("last", b.lstm("f", x, 4, false, true), 2),
                         b.input("target", {2, 4}));
       }},
      {"residual",
       {2, 3},
       [](B& b, T x) {
         b.elementwise("sum", "add", {x, b.elementwise("f", "tanh", {x})});
       }},
      {"tied_weights",
       {2, 3},
       [](B& b, T x) {
         const T weight = b.parameter("w", {3, 3});
         const T once = b.contraction("f", "bi,ij->bj", x, weight);
         b.contraction("g", "bi,ji->bj", once, weight);
       }},
      {"parameter_of_full_shape_used_twice",
       {2, 3},
       [](B& b, T x) {
         const T p = b.parameter("p", {2, 3});
         const T once = b.elementwise("f", "add", {x, p});
         b.elementwise("g", "add", {b.elementwise("t", "tanh", {once}), p});
       }},
      {"result_that_is_a_branch",
       {2, 3},
       [](B& b, T x) {
         b.elementwise("result", "add", {x, b.input("y", {2, 3})});
         b.elementwise("other", "tanh", {x});
       }},
      {"stack_of_given",
       {2, 3},
       [](B& b, T x) {
         b.elementwise("f", "exp", {b.stack("s", {b.input("y", {2, 3}), x})});
       }},
      {"broadcast_operands",
       {2, 3, 4},
       [=](B& b, T x) {
         b.elementwise("f", "divide", {x, b.elementwise("e", "exp", {second(b, {3, 1})})});
       }},
      {"subtract",
       {1, 4},
       [=](B& b, T x) {
         b.elementwise("f", "subtract", {x, second(b, {3, 1})});
       }},
      {"keep_where",
       {2, 4},
       [](B& b, T x) {
         b.elementwise("f", "keep_where", {x, b.input("mask", {4}, number_format("int32"))},
                       {-5, 0});
       }},
      {"drop_where",
       {2, 4},
       [](B& b, T x) {
         b.elementwise("f", "drop_where", {x, b.input("mask", {4}, number_format("int32"))},
                       {-5, 0});
       }},
  };
}

std::string case_name(const ::testing::TestParamInfo<KindCase>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Kinds, EveryKind, ::testing::ValuesIn(kind_cases()), case_name);

class EveryFunction : public ::testing::TestWithParam<std::size_t> {};

TEST_P(EveryFunction, GradientEqualsFiniteDifferences) {
  const ElementwiseFunction& function = elementwise_functions()[GetParam()];
  if (function.inputs != 1) return;  // those of two operands have cases of their own
  GraphBuilder builder(plain_options().formats);
  const Shape shape = {5, 8};
  TensorId x = builder.bias("start", builder.input("x", shape), shape);
  const std::string name = function.name;
  // Only where the function is defined.
  const auto is_one_of = [&](std::vector<std::string> names) {
    return std::count(names.begin(), names.end(), name) > 0;
  };
  if (is_one_of({"log", "sqrt", "power", "reciprocal", "acosh"})) {
    x = builder.elementwise("positive", "exp", {x});
  }
  if (name == "acosh") x = builder.elementwise("above_one", "shift", {x}, {1, 0});
  if (is_one_of({"asin", "acos", "atanh"})) x = builder.elementwise("below_one", "tanh", {x});
  builder.elementwise("f", name, {x}, {name == "clip" ? -0.5 : 0.7, 0.9});
  if (function.saves == ElementwiseFunction::Saves::flat) {
    // Nothing that lies before a function of slope 0 can be trained.
    EXPECT_THROW(derive_training_step(builder.take(), plain_options()), InputError);
    return;
  }
  Experiment(builder.take(), plain_options()).expect_true_gradients();
}

INSTANTIATE_TEST_SUITE_P(Functions, EveryFunction,
                         ::testing::Range(std::size_t{0}, elementwise_functions().size()));

struct SmallModel {
  const char* name;
  std::vector<Override> overrides;
};

void PrintTo(const SmallModel& model, std::ostream* out) { *out << model.name; }

class SmallNetwork : public ::testing::TestWithParam<SmallModel> {
 protected:
  Graph forward() const {
    return load_workload(GetParam().name, DataFiles(SIMDSE_SOURCE_DIR), overrides()).forward;
  }
  std::vector<Override> overrides() const {
    std::vector<Override> result = GetParam().overrides;
    result.push_back({"format", "fp32"});
    return result;
  }
};

TEST_P(SmallNetwork, GradientEqualsFiniteDifferences) {
  Experiment(forward(), plain_options()).expect_true_gradients();
}

TEST_P(SmallNetwork, RecomputationChangesNoGradient) {
  const Graph graph = forward();
  const Experiment kept(graph, plain_options());
  for (const Recomputation mode : {Recomputation::selective, Recomputation::full}) {
    TrainingOptions options = plain_options();
    options.recompute = mode;
    const Experiment again(graph, options);
    EXPECT_GE(again.graph().operators().size(), kept.graph().operators().size());
    ASSERT_EQ(again.gradients().size(), kept.gradients().size());
    for (const auto& [parameter, gradient] : kept.gradients()) {
      EXPECT_EQ(again.gradients().at(parameter), gradient) << kept.graph().tensor(parameter).name;
    }
  }
}

std::string network_name(const ::testing::TestParamInfo<SmallModel>& info) {
  return info.param.name;
}

TEST_P(SmallNetwork, FusedAttentionChangesNoGradient) {
  if (std::string(GetParam().name) == "gnmt") return;  // its attention is of another kind
  const auto gradients = [&](const char* fused) {
    std::vector<Override> settings = overrides();
    settings.push_back({"fused_attention", fused});
    if (std::string(GetParam().name) != "llama2_7b") settings.push_back({"dropout", "0"});
    const Graph graph =
        load_workload(GetParam().name, DataFiles(SIMDSE_SOURCE_DIR), settings).forward;
    const Experiment experiment(graph, plain_options());
    std::map<std::string, Values> result;
    for (const auto& [parameter, gradient] : experiment.gradients()) {
      result[graph.tensor(parameter).name] = gradient;
    }
    return result;
  };
  const auto apart = gradients("0");
  const auto fused = gradients("1");
  ASSERT_EQ(apart.size(), fused.size());
  for (const auto& [name, gradient] : apart) {
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      ASSERT_NEAR(fused.at(name)[i], gradient[i], 1e-9) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Zoo, SmallNetwork,
                         ::testing::Values(SmallModel{"bert_large",
                                                      {{"batch", "2"},
                                                       {"sequence", "3"},
                                                       {"layers", "2"},
                                                       {"hidden", "8"},
                                                       {"heads", "2"},
                                                       {"vocabulary", "5"},
                                                       {"positions", "3"}}},
                                           SmallModel{"gpt2_xl",
                                                      {{"batch", "2"},
                                                       {"sequence", "3"},
                                                       {"layers", "2"},
                                                       {"hidden", "8"},
                                                       {"heads", "2"},
                                                       {"vocabulary", "5"},
                                                       {"positions", "3"}}},
                                           SmallModel{"llama2_7b",
                                                      {{"batch", "2"},
                                                       {"sequence", "3"},
                                                       {"layers", "2"},
                                                       {"hidden", "8"},
                                                       {"heads", "4"},
                                                       {"kv_heads", "2"},
                                                       {"intermediate", "6"},
                                                       {"vocabulary", "5"}}},
                                           SmallModel{"gnmt",
                                                      {{"batch", "2"},
                                                       {"sequence", "3"},
                                                       {"hidden", "4"},
                                                       {"vocabulary", "5"}}}),
                         network_name);

}  // namespace
}  // namespace simdse
