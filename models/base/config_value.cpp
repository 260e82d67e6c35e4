#include "models/base/config_value.h"

#include <fmt/core.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace simdse {

ConfigValue ConfigValue::null(SourceLocation where) {
  ConfigValue value;
  value.where_ = std::move(where);
  return value;
}

ConfigValue ConfigValue::scalar(std::string text, SourceLocation where, bool quoted) {
  ConfigValue value;
  value.kind_ = Kind::scalar;
  value.text_ = std::move(text);
  value.where_ = std::move(where);
  value.quoted_ = quoted;
  return value;
}

ConfigValue ConfigValue::list(std::vector<ConfigValue> items, SourceLocation where) {
  ConfigValue value;
  value.kind_ = Kind::list;
  value.items_ = std::move(items);
  value.where_ = std::move(where);
  return value;
}

ConfigValue ConfigValue::map(std::vector<Member> members, SourceLocation where) {
  ConfigValue value;
  value.kind_ = Kind::map;
  value.members_ = std::move(members);
  value.where_ = std::move(where);
  return value;
}

std::string ConfigValue::describe() const {
  switch (kind_) {
    case Kind::null:
      return "nothing";
    case Kind::scalar:
      return fmt::format("'{}'", text_);
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
  }
  return "";
}

const std::string& ConfigValue::text(const std::string& what) const {
  if (!is_scalar()) {
    throw InputError(where_, fmt::format("{}: expected a value, found {}", what, describe()));
  }
  return text_;
}

const std::vector<ConfigValue>& ConfigValue::items(const std::string& what) const {
  if (!is_list()) {
    throw InputError(where_, fmt::format("{}: expected a list, found {}", what, describe()));
  }
  return items_;
}

const std::vector<ConfigValue::Member>& ConfigValue::members(const std::string& what) const {
  if (!is_map()) {
    throw InputError(where_, fmt::format("{}: expected a map, found {}", what, describe()));
  }
  return members_;
}

const ConfigValue* ConfigValue::find(const std::string& key) const {
  for (const Member& member : members_) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

ConfigValue ConfigValue::merged_with(const ConfigValue& overlay) const {
  if (!is_map() || !overlay.is_map()) return overlay;
  // A block of another type has other parameters: nothing of the old one is left.
  const ConfigValue* old_type = find("type");
  const ConfigValue* new_type = overlay.find("type");
  if (old_type != nullptr && new_type != nullptr && old_type->text_ != new_type->text_) {
    return overlay;
  }
  ConfigValue result = *this;
  for (const Member& member : overlay.members_) {
    auto own = std::find_if(result.members_.begin(), result.members_.end(),
                            [&](const Member& m) { return m.key == member.key; });
    if (own == result.members_.end()) {
      result.members_.push_back(member);
    } else {
      own->value = own->value.merged_with(member.value);
    }
  }
  result.where_ = overlay.where_;
  return result;
}

ConfigValue ConfigValue::with(const std::string& path, const ConfigValue& value) const {
  std::vector<std::string> steps;
  std::stringstream stream(path);
  for (std::string step; std::getline(stream, step, '.');) steps.push_back(step);
  if (steps.empty() || std::any_of(steps.begin(), steps.end(),
                                   [](const std::string& step) { return step.empty(); })) {
    throw InputError(value.where(), fmt::format("'{}' is not a path like cores.0.count", path));
  }
  return with(steps, 0, value);
}

ConfigValue ConfigValue::with(const std::vector<std::string>& path, std::size_t depth,
                              const ConfigValue& value) const {
  if (depth == path.size()) return value;
  const std::string& step = path[depth];
  ConfigValue result = *this;
  if (is_list()) {
    const bool is_number =
        std::all_of(step.begin(), step.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    const std::size_t index = is_number && step.size() < 9 ? std::stoul(step) : items_.size();
    if (index >= items_.size()) {
      throw InputError(value.where(), fmt::format("'{}' is not an item of the list: 0 to {}", step,
                                                  static_cast<int>(items_.size()) - 1));
    }
    result.items_[index] = items_[index].with(path, depth + 1, value);
    return result;
  }
  if (is_scalar()) {
    throw InputError(value.where(),
                     fmt::format("'{}' can't be set inside the value '{}'", step, text_));
  }
  if (is_null()) {
    result.kind_ = Kind::map;
    result.where_ = value.where();
  }
  for (Member& member : result.members_) {
    if (member.key == step) {
      member.value = member.value.with(path, depth + 1, value);
      return result;
    }
  }
  // A map whose keys are paths themselves, like the space of a search, has the rest as one key.
  const bool has_paths = std::any_of(members_.begin(), members_.end(), [](const Member& member) {
    return member.key.find('.') != std::string::npos;
  });
  if (has_paths) {
    std::string rest;
    for (std::size_t i = depth; i < path.size(); ++i) rest += (i == depth ? "" : ".") + path[i];
    for (Member& member : result.members_) {
      if (member.key != rest) continue;
      member.value = value;
      return result;
    }
    result.members_.push_back({rest, value.where(), value});
    return result;
  }
  result.members_.push_back({step, value.where(), ConfigValue().with(path, depth + 1, value)});
  return result;
}

Override parse_override(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw InputError(fmt::format("--set '{}': expected path=value", text));
  }
  return {text.substr(0, equals), text.substr(equals + 1), text};
}

namespace {

// Aliases let a small YAML file stand for a huge tree; these bounds keep the expansion finite.
constexpr int kMaxDepth = 64;
constexpr int kMaxNodes = 1'000'000;

class Converter {
 public:
  /// Lines and columns are told only of a `file` that a user can open.
  Converter(std::string file, bool has_lines) : file_(std::move(file)), has_lines_(has_lines) {}

  ConfigValue convert(const YAML::Node& node, int depth = 0) {
    const SourceLocation where = location(node.Mark());
    if (depth > kMaxDepth) throw InputError(where, "nested too deeply");
    if (++nodes_ > kMaxNodes) throw InputError(where, "the document is too large");
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return ConfigValue::scalar(node.Scalar(), where, node.Tag() == "!");
      case YAML::NodeType::Sequence: {
        std::vector<ConfigValue> items;
        for (const YAML::Node& item : node) items.push_back(convert(item, depth + 1));
        return ConfigValue::list(std::move(items), where);
      }
      case YAML::NodeType::Map: {
        std::vector<ConfigValue::Member> members;
        std::map<std::string, int> seen;
        for (const auto& entry : node) {
          const SourceLocation key_at = location(entry.first.Mark());
          if (!entry.first.IsScalar()) throw InputError(key_at, "a key must be a plain word");
          const std::string key = entry.first.Scalar();
          if (!seen.emplace(key, 0).second) {
            throw InputError(key_at, fmt::format("'{}' is given twice", key));
          }
          members.push_back({key, key_at, convert(entry.second, depth + 1)});
        }
        return ConfigValue::map(std::move(members), where);
      }
      default:
        return ConfigValue::null(where);
    }
  }

 private:
  SourceLocation location(const YAML::Mark& mark) const {
    if (!has_lines_) return {file_, 0, 0};
    return {file_, mark.line + 1, mark.column + 1};
  }

  std::string file_;
  bool has_lines_;
  int nodes_ = 0;
};

std::string read_file(const std::string& path, const SourceLocation* asked_at) {
  std::error_code error;
  const auto fail = [&](const std::string& problem) {
    const std::string message = fmt::format("{}: {}", path, problem);
    if (asked_at != nullptr) throw InputError(*asked_at, message);
    throw InputError(message);
  };
  if (!std::filesystem::exists(path, error)) fail("no such file");
  if (std::filesystem::is_directory(path, error)) fail("is a folder, not a file");
  // A pipe or a device might never end.
  if (!std::filesystem::is_regular_file(path, error)) fail("is not a regular file");
  constexpr std::uintmax_t max_bytes = 64 * 1024 * 1024;
  if (std::filesystem::file_size(path, error) > max_bytes) fail("is larger than 64 MiB");
  std::ifstream stream(path, std::ios::binary);
  if (!stream) fail("can't be read");
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

void check_schema(const ConfigValue& document, const std::string& path) {
  const ConfigValue* schema = document.find("schema");
  if (schema == nullptr) {
    throw InputError(SourceLocation{path, 1, 1}, "the file must say 'schema: 1'");
  }
  if (schema->text("schema") != "1") {
    throw InputError(schema->where(),
                     fmt::format("schema: {} is not known (allowed: 1)", schema->text("schema")));
  }
}

ConfigValue without(const ConfigValue& map, const std::vector<std::string>& keys) {
  std::vector<ConfigValue::Member> kept;
  for (const ConfigValue::Member& member : map.members("document")) {
    if (std::find(keys.begin(), keys.end(), member.key) == keys.end()) kept.push_back(member);
  }
  return ConfigValue::map(std::move(kept), map.where());
}

ConfigValue load_with_bases(const std::string& path, const SourceLocation* asked_at, int depth) {
  constexpr int max_extends = 16;
  if (depth > max_extends) throw InputError(*asked_at, "extends: the files extend each other");
  ConfigValue document = parse_config(read_file(path, asked_at), path);
  if (!document.is_map()) {
    throw InputError(SourceLocation{path, 1, 1}, "expected a map of keys to values");
  }
  check_schema(document, path);
  const ConfigValue* base = document.find("extends");
  if (base == nullptr) return without(document, {"schema"});
  const std::vector<ConfigValue> bases =
      base->is_list() ? base->items("extends") : std::vector<ConfigValue>{*base};
  ConfigValue inherited = ConfigValue::map({}, base->where());
  for (const ConfigValue& one : bases) {
    const std::filesystem::path base_path =
        std::filesystem::path(path).parent_path() / one.text("extends");
    inherited = inherited.merged_with(load_with_bases(base_path.string(), &one.where(), depth + 1));
  }
  return inherited.merged_with(without(document, {"schema", "extends"}));
}

}  // namespace

namespace {

/// Notes where a document begins.
class BeginHandler : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { begin = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
  YAML::Mark begin;
};

/// Throws if anything follows the first document. (YAML::LoadAll would tell too, but never returns
/// from some broken files.)
template <class LocationOf>
void check_single_document(const std::string& yaml, const LocationOf& location_of) {
  std::istringstream stream(yaml);
  YAML::Parser parser(stream);
  BeginHandler handler;
  if (!parser.HandleNextDocument(handler)) return;
  if (parser.HandleNextDocument(handler)) {
    throw InputError(location_of(handler.begin), "a second document; one is allowed");
  }
}

ConfigValue parse(const std::string& yaml, const std::string& name, bool has_lines) {
  const auto location_of = [&](const YAML::Mark& mark) {
    if (!has_lines || mark.is_null()) return SourceLocation{name, 0, 0};
    return SourceLocation{name, mark.line + 1, mark.column + 1};
  };
  try {
    const YAML::Node document = YAML::Load(yaml);
    check_single_document(yaml, location_of);
    if (!document.IsDefined())
      return ConfigValue::null({name, has_lines ? 1 : 0, has_lines ? 1 : 0});
    return Converter(name, has_lines).convert(document);
  } catch (const YAML::DeepRecursion& error) {
    throw InputError(location_of(error.mark), "nested too deeply");
  } catch (const YAML::Exception& error) {
    throw InputError(location_of(error.mark), "YAML: " + error.msg);
  }
}

}  // namespace

ConfigValue parse_config(const std::string& yaml, const std::string& name) {
  return parse(yaml, name, true);
}

ConfigValue with_overrides(ConfigValue document, const std::vector<Override>& overrides) {
  for (const Override& item : overrides) {
    const std::string written =
        item.written.empty() ? fmt::format("{}={}", item.path, item.value) : item.written;
    document = document.with(item.path, parse(item.value, "--set " + written, false));
  }
  return document;
}

ConfigValue load_config(const std::string& path, const std::vector<Override>& overrides) {
  return with_overrides(load_with_bases(path, nullptr, 0), overrides);
}

}  // namespace simdse
