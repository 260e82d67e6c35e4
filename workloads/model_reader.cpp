#include "workloads/model_reader.h"

#include <fmt/core.h>

#include <map>
#include <set>
#include <stdexcept>

#include "models/base/config_reader.h"
#include "workloads/operator_reader.h"

namespace simdse {
namespace {

/// Names visible at one place of the model: those of the enclosing block or turn, then, outwards,
/// those around it.
struct Scope {
  const Scope* outer = nullptr;
  std::string prefix;  ///< "layer0." for operator names
  std::map<std::string, TensorId> tensors;
  Variables variables;
  TensorId previous = kNone;

  TensorId find(const std::string& name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
      const auto found = scope->tensors.find(name);
      if (found != scope->tensors.end()) return found->second;
    }
    return kNone;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
      for (const auto& [name, tensor] : scope->tensors) result.push_back(name);
    }
    return result;
  }
};

class ModelReader {
 public:
  ModelReader(const ConfigValue& model, const TensorFormats& formats)
      : model_(model), builder_(formats) {}

  Graph read(const Variables& parameters) {
    ConfigReader reader(model_, "");
    Scope scope;
    scope.variables = parameters;
    if (const ConfigValue* conditions = reader.find("requires")) check(*conditions, scope);
    if (const ConfigValue* inputs = reader.find("inputs")) read_inputs(*inputs, scope);
    if (const ConfigValue* blocks = reader.find("blocks")) {
      for (const ConfigValue::Member& block : blocks->members("blocks")) {
        blocks_.emplace(block.key, &block.value);
      }
    }
    read_entries(reader.require("operators"), "operators", scope);
    if (builder_.graph().operators().empty()) {
      throw InputError(model_.where(), "the model has no operators");
    }
    return builder_.take();
  }

 private:
  /// Gives an operator entry access to the scope that it stands in.
  class Context : public OperatorContext {
   public:
    Context(ModelReader& reader, const Scope& scope) : reader_(reader), scope_(scope) {}
    TensorId tensor(const ConfigValue& name) override { return reader_.tensor(name, scope_); }
    TensorId parameter(const ConfigValue& name) override { return reader_.parameter(name); }
    std::int64_t integer(const ConfigValue& value, const std::string& what,
                         std::int64_t min) override {
      return reader_.evaluator_.integer(value, scope_.variables, what, min);
    }
    double number(const ConfigValue& value, const std::string& what) override {
      return reader_.evaluator_.number(value, scope_.variables, what);
    }

   private:
    ModelReader& reader_;
    const Scope& scope_;
  };

  TensorId tensor(const ConfigValue& name, const Scope& scope) const {
    const std::string& text = name.text("tensor name");
    const TensorId found = scope.find(text);
    if (found == kNone) {
      throw InputError(name.where(), fmt::format("nothing is called '{}' here{}", text,
                                                 spelling_hint(text, scope.names())));
    }
    return found;
  }

  TensorId parameter(const ConfigValue& name) const {
    const std::string& text = name.text("parameter name");
    std::vector<std::string> names;
    const std::vector<Tensor>& tensors = builder_.graph().tensors();
    for (std::size_t id = 0; id < tensors.size(); ++id) {
      if (tensors[id].role != TensorRole::parameter) continue;
      if (tensors[id].name == text) return static_cast<TensorId>(id);
      names.push_back(tensors[id].name);
    }
    throw InputError(name.where(),
                     fmt::format("there is no parameter '{}'{}", text, spelling_hint(text, names)));
  }

  void check(const ConfigValue& conditions, const Scope& scope) {
    for (const ConfigValue& condition : conditions.items("requires")) {
      if (evaluator_.number(condition, scope.variables, "requires") != 0) continue;
      throw InputError(condition.where(),
                       fmt::format("the model requires {}, with {}", condition.text("requires"),
                                   used_values(condition, scope)));
    }
  }

  /// "sequence 1024, positions 512": the variables that an expression names.
  static std::string used_values(const ConfigValue& expression, const Scope& scope) {
    std::string result;
    for (const auto& [name, value] : scope.variables) {
      if (expression.text("requires").find(name) == std::string::npos) continue;
      result += fmt::format("{}{} {:g}", result.empty() ? "" : ", ", name, value);
    }
    return result;
  }

  void read_inputs(const ConfigValue& inputs, Scope& scope) {
    for (const ConfigValue::Member& member : inputs.members("inputs")) {
      const std::string path = "inputs." + member.key;
      ConfigReader reader(member.value, path);
      Shape shape;
      for (const ConfigValue& axis : reader.require("shape").items(path + ".shape")) {
        shape.push_back(evaluator_.integer(axis, scope.variables, path + ".shape"));
      }
      std::optional<NumberFormat> format;
      if (const ConfigValue* name = reader.find("format")) {
        format = number_format(read_choice(*name, path + ".format", number_format_names()));
      }
      reader.finish();
      try {
        scope.tensors[member.key] = builder_.input(member.key, std::move(shape), format);
      } catch (const std::invalid_argument& problem) {
        throw InputError(member.where, fmt::format("{}: {}", path, problem.what()));
      }
    }
  }

  void read_entries(const ConfigValue& entries, const std::string& path, Scope& scope) {
    const std::vector<ConfigValue>& items = entries.items(path);
    for (std::size_t i = 0; i < items.size(); ++i) {
      read_entry(items[i], fmt::format("{}.{}", path, i), scope);
    }
  }

  void read_entry(const ConfigValue& entry, const std::string& path, Scope& scope) {
    constexpr std::int64_t max_entries = 1'000'000;  // turns within turns multiply
    if (++entries_read_ > max_entries) {
      throw InputError(entry.where(), "the model unrolls to more than a million entries");
    }
    ConfigReader reader(entry, path);
    const ConfigValue* when = reader.find("when");
    if (when != nullptr && evaluator_.number(*when, scope.variables, path + ".when") == 0) return;
    const ConfigValue* repeat = reader.find("repeat");
    const ConfigValue* block = reader.find("block");
    if (repeat != nullptr) {
      read_repeat(reader, *repeat, scope);
    } else if (block != nullptr) {
      read_block(reader, *block, scope);
    } else {
      read_plain(reader, scope);
    }
    reader.finish();
  }

  std::string read_name(ConfigReader& reader, const Scope& scope) {
    const ConfigValue& name = reader.require("name");
    const std::string& text = name.text(reader.path_of("name"));
    if (text.empty()) throw InputError(name.where(), "a name can't be empty");
    constexpr std::size_t max_length = 500;  // with the names of all turns and blocks around it
    if (scope.prefix.size() + text.size() > max_length) {
      throw InputError(name.where(), fmt::format("a name of {} characters is too long",
                                                 scope.prefix.size() + text.size()));
    }
    if (!names_.insert(scope.prefix + text).second) {
      throw InputError(name.where(), fmt::format("'{}' is given twice", scope.prefix + text));
    }
    return text;
  }

  void define(Scope& scope, const std::string& name, TensorId tensor) {
    scope.tensors[name] = tensor;
    scope.previous = tensor;
  }

  void read_plain(ConfigReader& reader, Scope& scope) {
    const std::string name = read_name(reader, scope);
    const std::string& kind = reader.text("kind");
    std::vector<TensorId> inputs;
    if (const ConfigValue* given = reader.find("inputs")) {
      if (given->is_list()) {
        for (const ConfigValue& input : given->items(reader.path_of("inputs"))) {
          inputs.push_back(tensor(input, scope));
        }
      } else {
        inputs.push_back(tensor(*given, scope));
      }
    } else if (scope.previous != kNone && !makes_own_inputs(kind)) {
      inputs.push_back(scope.previous);
    }
    Context context(*this, scope);
    define(scope, name,
           read_operator(builder_, context, reader, kind, scope.prefix + name, inputs));
  }

  void read_block(ConfigReader& reader, const ConfigValue& block_name, Scope& scope) {
    const std::string name = read_name(reader, scope);
    const std::string& text = block_name.text(reader.path_of("block"));
    const auto found = blocks_.find(text);
    if (found == blocks_.end()) {
      std::vector<std::string> known;
      for (const auto& [key, value] : blocks_) known.push_back(key);
      throw InputError(block_name.where(),
                       fmt::format("there is no block '{}'{}", text, spelling_hint(text, known)));
    }
    if (++depth_ > 32) throw InputError(block_name.where(), "the blocks contain each other");
    Scope inner;
    inner.prefix = scope.prefix + name + ".";
    inner.variables = scope.variables;
    inner.previous = scope.previous;
    ConfigReader block(*found->second, "blocks." + text);
    std::set<std::string> arguments;
    if (const ConfigValue* takes = block.find("takes")) {
      for (const ConfigValue& argument : takes->items(block.path_of("takes"))) {
        arguments.insert(argument.text(block.path_of("takes")));
      }
    }
    if (const ConfigValue* with = reader.find("with")) {
      for (const ConfigValue::Member& member : with->members(reader.path_of("with"))) {
        if (arguments.erase(member.key) == 0) {
          throw InputError(member.where, fmt::format("block '{}' takes no '{}'", text, member.key));
        }
        bind(member, scope, inner);
      }
    }
    if (!arguments.empty()) {
      throw InputError(reader.value().where(),
                       fmt::format("block '{}' needs '{}'", text, *arguments.begin()));
    }
    read_entries(block.require("operators"), block.path_of("operators"), inner);
    const ConfigValue* gives = block.find("gives");
    block.finish();
    define(scope, name, gives == nullptr ? inner.previous : tensor(*gives, inner));
    --depth_;
  }

  /// A block's argument is a tensor if its text names one, else an expression.
  void bind(const ConfigValue::Member& member, const Scope& outside, Scope& inside) {
    const TensorId found =
        member.value.is_scalar() ? outside.find(member.value.text(member.key)) : kNone;
    if (found != kNone) {
      inside.tensors[member.key] = found;
    } else {
      inside.variables[member.key] = evaluator_.number(member.value, outside.variables, member.key);
    }
  }

  void read_repeat(ConfigReader& reader, const ConfigValue& count_value, Scope& scope) {
    const std::string name = read_name(reader, scope);
    const std::int64_t count =
        evaluator_.integer(count_value, scope.variables, reader.path_of("repeat"), 0);
    constexpr std::int64_t max_count = 100'000;
    if (count > max_count) {
      throw InputError(count_value.where(), fmt::format("{} turns are too many", count));
    }
    const std::string index_name = reader.text_or("index", "index");
    std::map<std::string, TensorId> carried;
    if (const ConfigValue* carry = reader.find("carry")) {
      for (const ConfigValue::Member& member : carry->members(reader.path_of("carry"))) {
        carried[member.key] = tensor(member.value, scope);
      }
    }
    const ConfigValue* with = reader.find("with");
    const ConfigValue* next = reader.find("next");
    const ConfigValue& entries = reader.require("operators");
    TensorId previous = scope.previous;
    for (std::int64_t turn = 0; turn < count; ++turn) {
      const auto first = static_cast<OperatorId>(builder_.graph().operators().size());
      Scope inner;
      inner.outer = &scope;
      inner.prefix = fmt::format("{}{}{}.", scope.prefix, name, turn);
      inner.tensors = carried;
      inner.variables = scope.variables;
      inner.variables[index_name] = static_cast<double>(turn);
      inner.previous = previous;
      if (with != nullptr) bind_turn(*with, reader.path_of("with"), turn, count, inner);
      read_entries(entries, reader.path_of("operators"), inner);
      previous = inner.previous;
      builder_.end_segment(first);
      if (next == nullptr) continue;
      for (const ConfigValue::Member& member : next->members(reader.path_of("next"))) {
        if (carried.count(member.key) == 0) {
          throw InputError(member.where, fmt::format("'{}' is not carried", member.key));
        }
        carried[member.key] = tensor(member.value, inner);
      }
    }
    for (const auto& [key, carried_tensor] : carried) {
      scope.tensors[fmt::format("{}.{}", name, key)] = carried_tensor;
    }
    if (previous != kNone) define(scope, name, previous);
  }

  /// Numbers that differ from turn to turn: lists with one entry each.
  void bind_turn(const ConfigValue& with, const std::string& path, std::int64_t turn,
                 std::int64_t count, Scope& inner) {
    for (const ConfigValue::Member& member : with.members(path)) {
      const std::string what = path + "." + member.key;
      const std::vector<ConfigValue>& items = member.value.items(what);
      if (static_cast<std::int64_t>(items.size()) != count) {
        throw InputError(member.where, fmt::format("{}: expected {} entries, one for each turn, "
                                                   "found {}",
                                                   what, count, items.size()));
      }
      inner.variables[member.key] =
          evaluator_.number(items[static_cast<std::size_t>(turn)], inner.variables, what);
    }
  }

  const ConfigValue& model_;
  GraphBuilder builder_;
  ExpressionEvaluator evaluator_;
  std::map<std::string, const ConfigValue*> blocks_;
  std::set<std::string> names_;
  int depth_ = 0;
  std::int64_t entries_read_ = 0;
};

}  // namespace

Graph read_model(const ConfigValue& model, const Variables& parameters,
                 const TensorFormats& formats) {
  return ModelReader(model, formats).read(parameters);
}

}  // namespace simdse
