// A YAML document as an immutable tree that remembers where each value was written.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/base/error.h"

namespace simdse {

/// One node of a configuration: null, a scalar (kept as its text), a list or a map. The place in
/// the source survives `extends` and overrides, so that every later message can point at it.
class ConfigValue {
 public:
  enum class Kind { null, scalar, list, map };
  struct Member;

  ConfigValue() = default;
  static ConfigValue null(SourceLocation where);
  static ConfigValue scalar(std::string text, SourceLocation where, bool quoted = false);
  static ConfigValue list(std::vector<ConfigValue> items, SourceLocation where);
  static ConfigValue map(std::vector<Member> members, SourceLocation where);

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_scalar() const { return kind_ == Kind::scalar; }
  bool is_list() const { return kind_ == Kind::list; }
  bool is_map() const { return kind_ == Kind::map; }
  /// A scalar written in quotes is text, whatever it looks like.
  bool is_quoted() const { return quoted_; }

  /// Throws InputError unless of that kind; `what` names the value in the message.
  const std::string& text(const std::string& what) const;
  const std::vector<ConfigValue>& items(const std::string& what) const;
  const std::vector<Member>& members(const std::string& what) const;

  /// The member called `key`, or nullptr. Only for maps.
  const ConfigValue* find(const std::string& key) const;

  const SourceLocation& where() const { return where_; }

  /// A copy of this map in which `overlay`'s members replace or, map by map, extend its own. A map
  /// whose `type` changes is replaced whole.
  ConfigValue merged_with(const ConfigValue& overlay) const;

  /// A copy in which the value at `path` ("cores.0.count") is `value`. Maps on the way are created
  /// as needed; a list index must exist. In a map with keys that are paths, what is left of `path`
  /// is one key ("space.memory.stacks" is key "memory.stacks" of "space"). Throws InputError that
  /// names the path.
  ConfigValue with(const std::string& path, const ConfigValue& value) const;

  /// "a list", "a map", "the text 'x'": for messages.
  std::string describe() const;

 private:
  ConfigValue with(const std::vector<std::string>& path, std::size_t depth,
                   const ConfigValue& value) const;

  Kind kind_ = Kind::null;
  bool quoted_ = false;
  std::string text_;
  std::vector<ConfigValue> items_;
  std::vector<Member> members_;
  SourceLocation where_;
};

/// A key, where it stands, and its value.
struct ConfigValue::Member {
  std::string key;
  SourceLocation where;
  ConfigValue value;
};

/// A value given on the command line: `--set path=value`.
struct Override {
  std::string path;
  std::string value;  ///< YAML
  /// What the user wrote, where that is another path: messages quote it.
  std::string written = {};
};

/// Splits "path=value". Throws InputError when there is no '=' or no path.
Override parse_override(const std::string& text);

/// Parses YAML text; `name` stands for the file in messages. Throws InputError with the place of a
/// syntax error, a repeated key, or a document nested or expanded beyond reason.
ConfigValue parse_config(const std::string& yaml, const std::string& name);

/// `document` with the overrides applied in order.
ConfigValue with_overrides(ConfigValue document, const std::vector<Override>& overrides);

/// Reads a file, follows its `extends: other.yaml` (relative to the file that says so), applies the
/// overrides in order and checks `schema: 1`, which it removes.
ConfigValue load_config(const std::string& path, const std::vector<Override>& overrides = {});

}  // namespace simdse
