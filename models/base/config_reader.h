// Strict reading of configuration values: every key is asked for by name, and one that nobody asked
// for is an error. Nothing configured is ever ignored.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "models/base/config_value.h"
#include "models/base/quantity_text.h"
#include "models/base/units.h"

namespace simdse {

constexpr std::int64_t kMaxInteger = std::numeric_limits<std::int64_t>::max();

/// Converters of one scalar; each throws InputError that names the place, `what`, and the range.
std::int64_t read_integer(const ConfigValue& value, const std::string& what, std::int64_t min = 1,
                          std::int64_t max = kMaxInteger);
double read_real(const ConfigValue& value, Dimension dimension, const std::string& what, double min,
                 double max);
bool read_flag(const ConfigValue& value, const std::string& what);
const std::string& read_choice(const ConfigValue& value, const std::string& what,
                               const std::vector<std::string>& allowed);

/// Reads the members of one map and notices those that nobody asked for.
///
/// Example:
///   ConfigReader reader(document, "design");
///   const Hertz clock(reader.quantity("clock", Dimension::frequency, 1e6, 1e10));
///   reader.finish();
class ConfigReader {
 public:
  /// Throws InputError unless `value` is a map. `path` names it in messages, e.g. "cores.0".
  ConfigReader(const ConfigValue& value, std::string path);

  /// The member, or nullptr when it is absent.
  const ConfigValue* find(const std::string& key);
  /// The member; throws InputError when it is absent.
  const ConfigValue& require(const std::string& key);

  std::int64_t integer(const std::string& key, std::int64_t min = 1,
                       std::int64_t max = kMaxInteger);
  std::int64_t integer_or(const std::string& key, std::int64_t fallback, std::int64_t min = 1,
                          std::int64_t max = kMaxInteger);
  double quantity(const std::string& key, Dimension dimension, double min, double max);
  double quantity_or(const std::string& key, Dimension dimension, double fallback, double min,
                     double max);
  const std::string& text(const std::string& key);
  std::string text_or(const std::string& key, const std::string& fallback);
  std::string choice_or(const std::string& key, const std::vector<std::string>& allowed,
                        const std::string& fallback);
  bool flag_or(const std::string& key, bool fallback);

  /// Throws InputError at the first member that was never asked for, with the nearest known key.
  void finish() const;

  /// Full path of a member, for messages.
  std::string path_of(const std::string& key) const;
  const ConfigValue& value() const { return value_; }

 private:
  const ConfigValue& value_;
  std::string path_;
  std::vector<std::string> asked_;
};

}  // namespace simdse
