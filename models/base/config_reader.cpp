#include "models/base/config_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace simdse {

std::int64_t read_integer(const ConfigValue& value, const std::string& what, std::int64_t min,
                          std::int64_t max) {
  const std::string& text = value.text(what);
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || value.is_quoted()) {
    throw InputError(value.where(), fmt::format("{}: '{}' is not a whole number", what, text));
  }
  if (number < min || number > max) {
    const std::string range =
        max == kMaxInteger ? fmt::format("at least {}", min) : fmt::format("{} to {}", min, max);
    throw InputError(value.where(), fmt::format("{}: {} is out of range ({})", what, text, range));
  }
  return number;
}

double read_real(const ConfigValue& value, Dimension dimension, const std::string& what, double min,
                 double max) {
  const std::string& text = value.text(what);
  const double number = parse_quantity(text, dimension, value.where(), what);
  if (number < min || number > max) {
    const std::string range = std::isinf(max)
                                  ? fmt::format("at least {}", format_quantity(min, dimension))
                                  : fmt::format("{} to {}", format_quantity(min, dimension),
                                                format_quantity(max, dimension));
    throw InputError(value.where(), fmt::format("{}: {} is out of range ({})", what, text, range));
  }
  return number;
}

bool read_flag(const ConfigValue& value, const std::string& what) {
  return read_choice(value, what, {"true", "false"}) == "true";
}

const std::string& read_choice(const ConfigValue& value, const std::string& what,
                               const std::vector<std::string>& allowed) {
  const std::string& text = value.text(what);
  if (std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
    throw InputError(value.where(), fmt::format("{}: '{}' is not known{}", what, text,
                                                spelling_hint(text, allowed)));
  }
  return text;
}

namespace {

/// True if one letter added, left out, changed or swapped with its neighbour makes `text` of
/// `word`. Keys that are two apart, such as `name` and `note`, may both be meant.
bool is_slip_of(const std::string& word, const std::string& text) {
  std::size_t begin = 0;
  while (begin < std::min(word.size(), text.size()) && word[begin] == text[begin]) ++begin;
  std::string left = word.substr(begin);
  std::string other = text.substr(begin);
  while (!left.empty() && !other.empty() && left.back() == other.back()) {
    left.pop_back();
    other.pop_back();
  }
  const bool are_swapped = left.size() == 2 && left == std::string(other.rbegin(), other.rend());
  return are_swapped || (left.size() <= 1 && other.size() <= 1);
}

}  // namespace

ConfigReader::ConfigReader(const ConfigValue& value, std::string path)
    : value_(value), path_(std::move(path)) {
  value_.members(path_.empty() ? "document" : path_);
}

std::string ConfigReader::path_of(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

const ConfigValue* ConfigReader::find(const std::string& key) {
  asked_.push_back(key);
  return value_.find(key);
}

const ConfigValue& ConfigReader::require(const std::string& key) {
  const ConfigValue* member = find(key);
  if (member == nullptr) {
    for (const ConfigValue::Member& other : value_.members(path_)) {
      if (std::find(asked_.begin(), asked_.end(), other.key) != asked_.end()) continue;
      if (!is_slip_of(key, other.key)) continue;
      throw InputError(other.where, fmt::format("unknown key '{}' (did you mean '{}'?)",
                                                path_of(other.key), key));
    }
    throw InputError(value_.where(), fmt::format("'{}' is missing", path_of(key)));
  }
  return *member;
}

std::int64_t ConfigReader::integer(const std::string& key, std::int64_t min, std::int64_t max) {
  return read_integer(require(key), path_of(key), min, max);
}

std::int64_t ConfigReader::integer_or(const std::string& key, std::int64_t fallback,
                                      std::int64_t min, std::int64_t max) {
  const ConfigValue* member = find(key);
  return member == nullptr ? fallback : read_integer(*member, path_of(key), min, max);
}

double ConfigReader::quantity(const std::string& key, Dimension dimension, double min, double max) {
  return read_real(require(key), dimension, path_of(key), min, max);
}

double ConfigReader::quantity_or(const std::string& key, Dimension dimension, double fallback,
                                 double min, double max) {
  const ConfigValue* member = find(key);
  return member == nullptr ? fallback : read_real(*member, dimension, path_of(key), min, max);
}

const std::string& ConfigReader::text(const std::string& key) {
  return require(key).text(path_of(key));
}

std::string ConfigReader::text_or(const std::string& key, const std::string& fallback) {
  const ConfigValue* member = find(key);
  return member == nullptr ? fallback : member->text(path_of(key));
}

std::string ConfigReader::choice_or(const std::string& key, const std::vector<std::string>& allowed,
                                    const std::string& fallback) {
  const ConfigValue* member = find(key);
  return member == nullptr ? fallback : read_choice(*member, path_of(key), allowed);
}

bool ConfigReader::flag_or(const std::string& key, bool fallback) {
  const ConfigValue* member = find(key);
  return member == nullptr ? fallback : read_flag(*member, path_of(key));
}

void ConfigReader::finish() const {
  for (const ConfigValue::Member& member : value_.members(path_)) {
    if (std::find(asked_.begin(), asked_.end(), member.key) != asked_.end()) continue;
    std::vector<std::string> known;  // each once, in the order of asking
    for (const std::string& key : asked_) {
      if (std::find(known.begin(), known.end(), key) == known.end()) known.push_back(key);
    }
    throw InputError(member.where, fmt::format("unknown key '{}'{}", path_of(member.key),
                                               spelling_hint(member.key, known)));
  }
}

}  // namespace simdse
