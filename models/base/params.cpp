#include "models/base/params.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace simdse {

ParamValue ParamInfo::read(const ConfigValue& value, const std::string& path) const {
  switch (type) {
    case Type::flag:
      return read_flag(value, path);
    case Type::choice:
      return read_choice(value, path, choices);
    case Type::integer: {
      std::int64_t number = 0;
      if (dimension == Dimension::count) {
        number = read_integer(value, path, static_cast<std::int64_t>(min),
                              static_cast<std::int64_t>(max));
      } else {
        const double real = read_real(value, dimension, path, min, max);
        number = static_cast<std::int64_t>(real);
        if (static_cast<double>(number) != real) {
          throw InputError(value.where(),
                           fmt::format("{}: '{}' is not a whole number of {}", path,
                                       value.text(path), unit_names(dimension).front()));
        }
      }
      if (powers_of_two && !is_power_of_two(number)) {
        throw InputError(value.where(), fmt::format("{}: {} is not allowed ({})", path,
                                                    value.text(path), range_text()));
      }
      return number;
    }
    case Type::real:
      return read_real(value, dimension, path, min, max);
  }
  return {};
}

std::string ParamInfo::format(const ParamValue& value) const {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* real = std::get_if<double>(&value)) return format_quantity(*real, dimension);
  const std::int64_t number = std::get<std::int64_t>(value);
  if (dimension == Dimension::count) return fmt::format("{}", number);
  return format_quantity(static_cast<double>(number), dimension);
}

std::string ParamInfo::exact_text(const ParamValue& value) const {
  const auto exact = [this](double number) {
    constexpr int all_digits = 17;
    for (int digits = 6; digits <= all_digits; ++digits) {
      const std::string text = format_quantity(number, dimension, digits);
      if (parse_quantity(text, dimension, {}, name) == number) return text;
      // 14e-9 s is not exactly 14 times 1e-9 s, but it is 14000 times 1e-12 s.
      for (const std::string& unit : unit_names(dimension)) {
        const double factor = parse_quantity("1 " + unit, dimension, {}, name);
        const std::string other = fmt::format("{:.{}g} {}", number / factor, digits, unit);
        if (parse_quantity(other, dimension, {}, name) == number) return other;
      }
    }
    // Only multiplying by the unit's factor can be inexact: the base unit has none.
    const std::vector<std::string> units = unit_names(dimension);
    return units.empty() ? fmt::format("{}", number)
                         : fmt::format("{} {}", number, base_unit(dimension));
  };
  if (const auto* real = std::get_if<double>(&value)) return exact(*real);
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (dimension != Dimension::count) return exact(static_cast<double>(*number));
  }
  return format(value);
}

std::string ParamInfo::range_text() const {
  switch (type) {
    case Type::flag:
      return "true | false";
    case Type::choice:
      return fmt::format("{}", fmt::join(choices, " | "));
    default:
      break;
  }
  std::string text = std::isinf(max) ? fmt::format("at least {}", format_quantity(min, dimension))
                                     : fmt::format("{} to {}", format_quantity(min, dimension),
                                                   format_quantity(max, dimension));
  if (powers_of_two) text += ", a power of two";
  return text;
}

ParamValues read_params(const ParamSchema& schema, ConfigReader& reader) {
  ParamValues values;
  for (const ParamInfo& info : schema) {
    const ConfigValue* given = reader.find(info.name);
    values[info.name] =
        given == nullptr ? info.default_value : info.read(*given, reader.path_of(info.name));
  }
  return values;
}

ParamValues default_params(const ParamSchema& schema) {
  ParamValues values;
  for (const ParamInfo& info : schema) values[info.name] = info.default_value;
  return values;
}

std::string json_schema(const ParamSchema& schema) {
  nlohmann::ordered_json properties;
  for (const ParamInfo& info : schema) {
    nlohmann::ordered_json property;
    property["description"] = fmt::format("{} ({})", info.doc, info.range_text());
    switch (info.type) {
      case ParamInfo::Type::flag:
        property["type"] = "boolean";
        break;
      case ParamInfo::Type::choice:
        property["enum"] = info.choices;
        break;
      default:
        if (info.dimension != Dimension::count) {
          property["type"] = "string";
          property["pattern"] =
              fmt::format("^(inf|[0-9.eE+-]+ ?({}))$", fmt::join(unit_names(info.dimension), "|"));
        } else {
          property["type"] = info.type == ParamInfo::Type::integer ? "integer" : "number";
          property["minimum"] = info.min;
          if (!std::isinf(info.max)) property["maximum"] = info.max;
        }
    }
    property["default"] = info.format(info.default_value);
    properties[info.name] = std::move(property);
  }
  const nlohmann::ordered_json result = {
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"type", "object"},
      {"properties", properties}};
  return result.dump(2);
}

}  // namespace simdse
