#include "models/plugin/plugin.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>

#include "models/base/byte_text.h"
#include "models/base/worker_pool.h"
#include "models/plugin/checked_core.h"
#include "models/plugin/plugin_file.h"
#include "models/plugin/stand_in.h"

namespace simdse {

template <class Archive>
void exchange(Archive& archive, ParamInfo& info) {
  auto& [name, doc, type, dimension, min, max, powers_of_two, choices, default_value,
         search_values] = info;
  archive(name, doc, type, dimension, min, max, powers_of_two, choices, default_value,
          search_values);
}

namespace {

/// A block type without what only code can do.
struct TypeFacts {
  std::string kind;
  std::string name;
  std::string doc;
  ParamSchema params;
};

template <class Archive>
void exchange(Archive& archive, TypeFacts& facts) {
  archive(facts.kind, facts.name, facts.doc, facts.params);
}

/// Loads the library into this process, and with it its own types. Returns what it did wrong. From
/// here on, what is printed goes to stderr: stdout is the parent's, for results.
std::vector<std::string> open_library(const std::string& path) {
  dup2(STDERR_FILENO, STDOUT_FILENO);
  BlockRegistry& registry = BlockRegistry::instance();
  if (dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD) != nullptr) return {};  // it is there
  registry.remove_plugin(path);
  registry.begin_plugin(path, check_answers);
  // What the library throws while it is loaded passes through dlopen, though that is declared not
  // to throw: a direct call would end in std::terminate.
  void* (*volatile load)(const char*, int) = dlopen;
  const void* library = load(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  std::vector<std::string> problems = registry.end_plugin();
  if (library == nullptr) problems.insert(problems.begin(), dlerror());
  return problems;
}

void open_libraries(const std::vector<std::string>& plugins) {
  for (const std::string& path : plugins) {
    const std::vector<std::string> problems = open_library(path);
    if (!problems.empty()) throw PluginFailure(problems.front());
  }
}

// First byte of what a job in a child returns.
constexpr char kResult = 'R';
constexpr char kInputError = 'I';

std::string call(const std::vector<std::string>& plugins, const std::function<std::string()>& job,
                 std::chrono::seconds hang_limit) {
  WorkerOptions options;
  options.hang_limit = hang_limit_or(hang_limit);
  const JobResult result = run_jobs({[&] {
                                      try {
                                        return kResult + job();
                                      } catch (const PluginFailure&) {
                                        throw;
                                      } catch (const InputError& error) {
                                        return kInputError + std::string(error.what());
                                      }
                                    }},
                                    options)
                               .front();
  if (!result.ok) throw PluginFailure(blame(plugins) + result.failure);
  if (result.output.empty()) throw PluginFailure(blame(plugins) + "gave an empty answer");
  if (result.output.front() == kInputError) throw InputError(result.output.substr(1));
  return result.output.substr(1);
}

/// What the library brings; throws InputError or PluginFailure.
std::vector<TypeFacts> read_types(const std::string& path) {
  const auto job = [&] {
    const std::vector<std::string> problems = open_library(path);
    if (!problems.empty()) throw InputError(blame({path}) + problems.front());
    std::vector<TypeFacts> types;
    const std::vector<std::string> kinds = plugin_kinds();
    for (const BlockType* type : BlockRegistry::instance().types()) {
      if (type->plugin != path) continue;
      if (std::find(kinds.begin(), kinds.end(), type->kind) == kinds.end()) {
        throw InputError(fmt::format("{}there is no kind '{}' of blocks{}", blame({path}),
                                     type->kind, spelling_hint(type->kind, kinds)));
      }
      types.push_back({type->kind, type->name, type->doc, type->params});
    }
    if (types.empty()) throw InputError(blame({path}) + "brings no block");
    return to_bytes(types);
  };
  constexpr std::chrono::seconds hang_limit(60);
  return from_bytes<std::vector<TypeFacts>>(call({path}, job, hang_limit));
}

/// The blocks of one type that designs have asked for. Each is described once, and so is its cost
/// in each technology: a search asks for the same ones again and again.
class StandIns {
 public:
  StandIns(std::string plugin, std::string kind, std::string name)
      : plugin_(std::move(plugin)), kind_(std::move(kind)), name_(std::move(name)) {}

  std::shared_ptr<const Block> get(const ParamValues& params, const BlockContext& context) {
    const Key key(params, context.clock.frequency().value(), context.initiators);
    const Answer& description = remember(descriptions_, key, [&] {
      return run_with_plugins({plugin_},
                              [&] { return describe_block(kind_, *own(params, context)); });
    });
    return make_stand_in(kind_, description.get(),
                         [this, key, params, context](const Technology& technology) {
                           return cost(key, params, context, technology);
                         });
  }

 private:
  using Key = std::tuple<ParamValues, double, std::int64_t>;

  /// An answer, or why there is none.
  struct Answer {
    std::string bytes;
    std::exception_ptr failure;

    const std::string& get() const {
      if (failure) std::rethrow_exception(failure);
      return bytes;
    }
  };

  template <class Map, class Ask>
  static const Answer& remember(Map& map, const typename Map::key_type& key, Ask&& ask) {
    const auto [entry, is_new] = map.try_emplace(key);
    if (is_new) {
      try {
        entry->second.bytes = ask();
      } catch (const InputError&) {
        entry->second.failure = std::current_exception();
      }
    }
    return entry->second;
  }

  std::shared_ptr<const Block> own(const ParamValues& params, const BlockContext& context) const {
    return BlockRegistry::instance().find(kind_, name_)->create(params, context);
  }

  BlockCost cost(const Key& key, const ParamValues& params, const BlockContext& context,
                 const Technology& technology) {
    std::string constants = technology.name;
    for (const Technology::Source& constant : technology.sources)
      constants += '\n' + constant.value;
    const Answer& answer = remember(costs_, std::pair(key, std::move(constants)), [&] {
      return run_with_plugins(
          {plugin_}, [&] { return describe_cost(own(params, context)->cost(technology)); });
    });
    return cost_from(answer.get());
  }

  std::string plugin_;
  std::string kind_;
  std::string name_;
  std::map<Key, Answer> descriptions_;
  std::map<std::pair<Key, std::string>, Answer> costs_;
};

}  // namespace

void load_plugin(const std::string& path, const SourceLocation& where) {
  BlockRegistry& registry = BlockRegistry::instance();
  for (const BlockType* type : registry.types()) {
    if (type->plugin == path) return;
  }
  check_abi_stamp(path, where);
  std::vector<TypeFacts> types;
  try {
    types = read_types(path);
  } catch (const PluginFailure& failure) {
    throw PluginFailure(where, failure.what());
  } catch (const InputError& error) {
    throw InputError(where, error.what());
  }
  registry.begin_plugin(path);
  for (TypeFacts& type : types) {
    auto stand_ins = std::make_shared<StandIns>(path, type.kind, type.name);
    registry.add({std::move(type.kind), std::move(type.name), std::move(type.doc),
                  std::move(type.params),
                  [stand_ins](const ParamValues& params, const BlockContext& context) {
                    return stand_ins->get(params, context);
                  },
                  path});
  }
  registry.end_plugin();
}

std::string run_with_plugins(const std::vector<std::string>& plugins,
                             const std::function<std::string()>& job,
                             std::chrono::seconds hang_limit) {
  if (plugins.empty()) return job();
  const auto with_own_code = [&] {
    open_libraries(plugins);
    return job();
  };
  return call(plugins, with_own_code, hang_limit);
}

Chip with_own_blocks(const Chip& chip) {
  if (chip.design().plugins.empty()) return chip;
  open_libraries(chip.design().plugins);
  return Chip(chip.design(), chip.shared_technology());
}

std::string blame(const std::vector<std::string>& plugins) {
  return plugins.empty() ? "" : fmt::format("plug-in {}: ", fmt::join(plugins, " or "));
}

}  // namespace simdse
