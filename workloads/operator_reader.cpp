#include "workloads/operator_reader.h"

#include <fmt/core.h>

#include <map>
#include <stdexcept>

#include "workloads/operators/elementwise.h"

namespace simdse {
namespace {

struct Entry {
  GraphBuilder& builder;
  OperatorContext& context;
  ConfigReader& reader;
  const std::string& name;
  const std::vector<TensorId>& inputs;

  std::int64_t integer(const std::string& key, std::int64_t min = 1) {
    return context.integer(reader.require(key), reader.path_of(key), min);
  }
  std::int64_t integer_or(const std::string& key, std::int64_t fallback, std::int64_t min = 1) {
    const ConfigValue* value = reader.find(key);
    return value == nullptr ? fallback : context.integer(*value, reader.path_of(key), min);
  }
  double number(const std::string& key) {
    return context.number(reader.require(key), reader.path_of(key));
  }
  double number_or(const std::string& key, double fallback) {
    const ConfigValue* value = reader.find(key);
    return value == nullptr ? fallback : context.number(*value, reader.path_of(key));
  }
  /// One number for both axes, or a list of `count`.
  std::vector<std::int64_t> integers_or(const std::string& key, std::int64_t fallback,
                                        std::size_t count, std::int64_t min) {
    const ConfigValue* value = reader.find(key);
    if (value == nullptr) return std::vector<std::int64_t>(count, fallback);
    const std::string path = reader.path_of(key);
    if (!value->is_list()) {
      return std::vector<std::int64_t>(count, context.integer(*value, path, min));
    }
    std::vector<std::int64_t> result;
    for (const ConfigValue& item : value->items(path)) {
      result.push_back(context.integer(item, path, min));
    }
    if (result.size() != count) {
      throw InputError(value->where(), fmt::format("{}: expected {} numbers, found {}", path, count,
                                                   result.size()));
    }
    return result;
  }
  Shape shape(const std::string& key, std::int64_t min) {
    const std::string path = reader.path_of(key);
    Shape result;
    for (const ConfigValue& item : reader.require(key).items(path)) {
      result.push_back(context.integer(item, path, min));
    }
    return result;
  }
  Window window() {
    Window window;
    const auto pair = [&](const std::string& key, std::int64_t fallback, std::int64_t min) {
      const std::vector<std::int64_t> both = integers_or(key, fallback, 2, min);
      return std::array<std::int64_t, 2>{both[0], both[1]};
    };
    window.kernel = pair("kernel", 1, 1);
    window.stride = pair("stride", 1, 1);
    window.dilation = pair("dilation", 1, 1);
    window.pad_before = window.pad_after = pair("pad", 0, 0);
    window.ceil_mode = reader.flag_or("ceil_mode", false);
    return window;
  }
  ElementwiseFunction::Constants constants(const std::string& function) {
    ElementwiseFunction::Constants result{};
    const std::vector<const char*>& names = elementwise_kind(function)->function().constants;
    for (std::size_t i = 0; i < names.size(); ++i) result.at(i) = number(names[i]);
    return result;
  }
  TensorId input(std::size_t index) { return inputs[index]; }
};

constexpr std::size_t kAnyNumber = 1000;

struct KindReader {
  std::size_t min_inputs;
  std::size_t max_inputs;
  std::function<TensorId(Entry&)> read;
};

TensorId read_gemm(Entry& e) {
  // A product of given dimensions: operand A from the graph or from outside, operand B trained.
  const std::int64_t m = e.integer("m");
  const std::int64_t n = e.integer("n");
  const std::int64_t k = e.integer("k");
  const std::int64_t batch = e.integer_or("batch", 1);
  TensorId a = e.inputs.empty() ? e.builder.input(e.name + ".input", {batch, m, k})
                                : e.builder.reshape(e.name + ".operand", e.input(0), {batch, m, k});
  const TensorId b = e.builder.parameter(e.name + ".weight", {batch, k, n});
  return e.builder.contraction(e.name, "bmk,bkn->bmn", a, b);
}

TensorId read_contraction(Entry& e) {
  const std::string& equation = e.reader.text("equation");
  const ConfigValue* tied = e.reader.find("weight");
  if (tied != nullptr) {
    return e.builder.contraction(e.name, equation, e.input(0), e.context.parameter(*tied));
  }
  if (e.inputs.size() == 2) return e.builder.contraction(e.name, equation, e.input(0), e.input(1));
  const TensorId weight = e.builder.parameter(e.name + ".weight", e.shape("weight_shape", 1));
  return e.builder.contraction(e.name, equation, e.input(0), weight);
}

TensorId read_global_average_pool(Entry& e) {
  const Shape& shape = e.builder.shape(e.input(0));
  Window window;
  if (shape.size() == 4) window.kernel = {shape[2], shape[3]};
  return e.builder.pooling(e.name, PoolingStyle::average, e.input(0), window);
}

KindReader normalization_reader(NormalizationStyle style) {
  return {1, 1, [style](Entry& e) { return e.builder.normalization(e.name, style, e.input(0)); }};
}

const std::map<std::string, KindReader>& kind_readers() {
  static const std::map<std::string, KindReader> readers = [] {
    std::map<std::string, KindReader> result = {
        {"gemm", {0, 1, read_gemm}},
        {"linear",
         {1, 1,
          [](Entry& e) {
            return e.builder.linear(e.name, e.input(0), e.integer("features"),
                                    e.reader.flag_or("bias", true));
          }}},
        {"contraction", {1, 2, read_contraction}},
        {"convolution",
         {1, 1,
          [](Entry& e) {
            const std::int64_t channels = e.integer("channels");
            const std::int64_t groups = e.integer_or("groups", 1);
            return e.builder.convolution(e.name, e.input(0), channels, e.window(), groups,
                                         e.reader.flag_or("bias", false));
          }}},
        {"layer_norm", normalization_reader(NormalizationStyle::layer)},
        {"rms_norm", normalization_reader(NormalizationStyle::rms)},
        {"batch_norm", normalization_reader(NormalizationStyle::batch)},
        {"group_norm",
         {1, 1,
          [](Entry& e) {
            return e.builder.normalization(e.name, NormalizationStyle::group, e.input(0),
                                           e.integer("groups"));
          }}},
        {"local_response_norm",
         {1, 1,
          [](Entry& e) {
            LocalResponseConstants constants;
            constants.size = e.integer_or("size", constants.size);
            return e.builder.local_response(e.name, e.input(0), constants);
          }}},
        {"lstm",
         {1, 1,
          [](Entry& e) {
            return e.builder.lstm(e.name, e.input(0), e.integer("features"),
                                  e.reader.flag_or("reverse", false),
                                  e.reader.flag_or("bias", true));
          }}},
        {"rotary",
         {2, 2, [](Entry& e) { return e.builder.rotary(e.name, e.input(0), e.input(1)); }}},
        {"transpose",
         {1, 1,
          [](Entry& e) {
            const Shape order = e.shape("order", 0);
            return e.builder.transpose(e.name, e.input(0), {order.begin(), order.end()});
          }}},
        {"concat",
         {1, kAnyNumber,
          [](Entry& e) {
            return e.builder.concat(e.name, e.inputs,
                                    static_cast<std::size_t>(e.integer("axis", 0)));
          }}},
        {"pad",
         {1, 1,
          [](Entry& e) {
            return e.builder.pad(e.name, e.input(0), e.shape("before", 0), e.shape("after", 0));
          }}},
        {"sum",
         {1, 1,
          [](Entry& e) {
            const Shape axes = e.shape("axes", 0);
            return e.builder.sum(e.name, e.input(0), {axes.begin(), axes.end()});
          }}},
        {"broadcast",
         {1, 1,
          [](Entry& e) { return e.builder.broadcast(e.name, e.input(0), e.shape("shape", 1)); }}},
        {"softmax", {1, 1, [](Entry& e) { return e.builder.softmax(e.name, e.input(0)); }}},
        {"attention",
         {2, 2,
          [](Entry& e) {
            return e.builder.attention(e.name, e.input(0), e.input(1),
                                       {e.number("scale"), e.number_or("dropout", 0)});
          }}},
        {"stack", {1, kAnyNumber, [](Entry& e) { return e.builder.stack(e.name, e.inputs); }}},
        {"dropout",
         {1, 1, [](Entry& e) { return e.builder.dropout(e.name, e.input(0), e.number("rate")); }}},
        {"embedding",
         {1, 1,
          [](Entry& e) {
            return e.builder.embedding(e.name, e.input(0), e.integer("rows"), e.integer("width"));
          }}},
        {"max_pool",
         {1, 1,
          [](Entry& e) {
            return e.builder.pooling(e.name, PoolingStyle::max, e.input(0), e.window());
          }}},
        {"average_pool",
         {1, 1,
          [](Entry& e) {
            return e.builder.pooling(e.name, PoolingStyle::average, e.input(0), e.window());
          }}},
        {"global_average_pool", {1, 1, read_global_average_pool}},
        {"reshape",
         {1, 1,
          [](Entry& e) { return e.builder.reshape(e.name, e.input(0), e.shape("shape", -1)); }}},
        {"bias",
         {1, 1, [](Entry& e) { return e.builder.bias(e.name, e.input(0), e.shape("shape", 1)); }}},
        {"slice",
         {1, 1,
          [](Entry& e) {
            return e.builder.slice(e.name, e.input(0), e.integer("axis", 0), e.integer("start", 0),
                                   e.integer("length"));
          }}},
        {"select",
         {1, 1,
          [](Entry& e) { return e.builder.select(e.name, e.input(0), e.integer("index", 0)); }}},
        {"cross_entropy",
         {2, 2, [](Entry& e) { return e.builder.cross_entropy(e.name, e.input(0), e.input(1)); }}},
        {"squared_error",
         {2, 2, [](Entry& e) { return e.builder.squared_error(e.name, e.input(0), e.input(1)); }}},
        {"same", {1, 1, [](Entry& e) { return e.input(0); }}},
    };
    for (const ElementwiseFunction& function : elementwise_functions()) {
      const std::string name = function.name;
      const auto count = static_cast<std::size_t>(function.inputs);
      result[name] = {count, count, [name](Entry& e) {
                        return e.builder.elementwise(e.name, name, e.inputs, e.constants(name));
                      }};
    }
    return result;
  }();
  return readers;
}

}  // namespace

std::vector<std::string> operator_kind_names() {
  std::vector<std::string> names;
  for (const auto& [name, reader] : kind_readers()) names.push_back(name);
  return names;
}

bool makes_own_inputs(const std::string& kind) {
  const auto found = kind_readers().find(kind);
  return found != kind_readers().end() && found->second.min_inputs == 0;
}

TensorId read_operator(GraphBuilder& builder, OperatorContext& context, ConfigReader& entry,
                       const std::string& kind, const std::string& name,
                       const std::vector<TensorId>& inputs) {
  const SourceLocation& where = entry.value().where();
  const auto found = kind_readers().find(kind);
  if (found == kind_readers().end()) {
    throw InputError(entry.require("kind").where(),
                     fmt::format("operator '{}': unknown kind '{}'{}", name, kind,
                                 spelling_hint(kind, operator_kind_names())));
  }
  const KindReader& reader = found->second;
  if (inputs.size() < reader.min_inputs || inputs.size() > reader.max_inputs) {
    const std::string expected =
        reader.min_inputs == reader.max_inputs
            ? fmt::format("{}", reader.min_inputs)
            : fmt::format("{} to {}", reader.min_inputs, reader.max_inputs);
    throw InputError(where, fmt::format("operator '{}': {} takes {} inputs, found {}", name, kind,
                                        expected, inputs.size()));
  }
  try {
    Entry e{builder, context, entry, name, inputs};
    return reader.read(e);
  } catch (const std::invalid_argument& problem) {
    throw InputError(where, fmt::format("operator '{}' ({}): {}", name, kind, problem.what()));
  }
}

}  // namespace simdse
