#include "models/base/quantity_text.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace simdse {
namespace {

struct Unit {
  const char* name;
  double factor;
  bool preferred = true;  ///< format_quantity may choose it
};

const std::vector<Unit>& units(Dimension dimension) {
  static const std::vector<Unit> none;
  static const std::vector<Unit> bytes = {{"B", 1},
                                          {"kB", 1e3, false},
                                          {"KiB", 1024},
                                          {"MB", 1e6, false},
                                          {"MiB", 1048576},
                                          {"GB", 1e9, false},
                                          {"GiB", 1073741824.0},
                                          {"TB", 1e12, false},
                                          {"TiB", 1099511627776.0}};
  static const std::vector<Unit> time = {
      {"ps", 1e-12}, {"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
  static const std::vector<Unit> frequency = {{"Hz", 1}, {"kHz", 1e3}, {"MHz", 1e6}, {"GHz", 1e9}};
  static const std::vector<Unit> bandwidth = {
      {"b/s", 0.125, false},    {"B/s", 1},    {"kb/s", 125, false},    {"kB/s", 1e3},
      {"Mb/s", 1.25e5, false},  {"MB/s", 1e6}, {"Gb/s", 1.25e8, false}, {"GB/s", 1e9},
      {"Tb/s", 1.25e11, false}, {"TB/s", 1e12}};
  static const std::vector<Unit> bytes_per_cycle = {{"B/cycle", 1}};
  static const std::vector<Unit> area = {{"um2", 1e-6}, {"mm2", 1}};
  static const std::vector<Unit> power = {{"uW", 1e-6}, {"mW", 1e-3}, {"W", 1}};
  static const std::vector<Unit> energy = {{"fJ", 1e-15}, {"pJ", 1e-12}, {"nJ", 1e-9},
                                           {"uJ", 1e-6},  {"mJ", 1e-3},  {"J", 1}};
  static const std::vector<Unit> energy_per_byte = {
      {"pJ/B", 1e-12}, {"pJ/b", 8e-12, false}, {"J/B", 1, false}};
  static const std::vector<Unit> power_per_area = {{"mW/mm2", 1e-3}, {"W/mm2", 1}};
  static const std::vector<Unit> length = {{"um", 1e-3}, {"mm", 1}};
  static const std::vector<Unit> voltage = {{"mV", 1e-3}, {"V", 1}};
  switch (dimension) {
    case Dimension::count:
      return none;
    case Dimension::bytes:
      return bytes;
    case Dimension::time:
      return time;
    case Dimension::frequency:
      return frequency;
    case Dimension::bandwidth:
      return bandwidth;
    case Dimension::bytes_per_cycle:
      return bytes_per_cycle;
    case Dimension::area:
      return area;
    case Dimension::power:
      return power;
    case Dimension::energy:
      return energy;
    case Dimension::energy_per_byte:
      return energy_per_byte;
    case Dimension::power_per_area:
      return power_per_area;
    case Dimension::length:
      return length;
    case Dimension::voltage:
      return voltage;
  }
  return none;
}

}  // namespace

std::vector<std::string> unit_names(Dimension dimension) {
  std::vector<std::string> names;
  for (const Unit& unit : units(dimension)) names.emplace_back(unit.name);
  return names;
}

std::string base_unit(Dimension dimension) {
  for (const Unit& unit : units(dimension)) {
    if (unit.factor == 1) return unit.name;
  }
  return "";
}

double parse_quantity(const std::string& text, Dimension dimension, const SourceLocation& where,
                      const std::string& what) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || std::isnan(number)) {
    throw InputError(where, fmt::format("{}: '{}' is not a number", what, text));
  }
  std::string unit(rest, end);
  unit.erase(0, unit.find_first_not_of(' '));
  const std::vector<Unit>& known = units(dimension);
  if (unit.empty() && (known.empty() || std::isinf(number))) return number;
  if (known.empty()) {
    throw InputError(where,
                     fmt::format("{}: '{}' must be a plain number, without a unit", what, text));
  }
  for (const Unit& candidate : known) {
    if (unit == candidate.name) return number * candidate.factor;
  }
  const std::string allowed = fmt::format("{}", fmt::join(unit_names(dimension), ", "));
  if (unit.empty()) {
    throw InputError(where, fmt::format("{}: '{}' needs a unit: {}", what, text, allowed));
  }
  throw InputError(
      where, fmt::format("{}: wrong unit '{}' in '{}' (allowed: {})", what, unit, text, allowed));
}

std::string format_quantity(double value, Dimension dimension, int digits) {
  const std::vector<Unit>& known = units(dimension);
  constexpr double many = 1e12;  // from here on powers of ten read better
  if (known.empty() && value == std::floor(value) && std::abs(value) < many) {
    return fmt::format("{:.0f}", value);
  }
  if (known.empty() || std::isinf(value)) return fmt::format("{:.{}g}", value, digits);
  const Unit* best = &known.front();
  for (const Unit& unit : known) {
    if (unit.preferred && std::abs(value) >= unit.factor) best = &unit;
  }
  if (value == 0) best = &known.front();
  return fmt::format("{:.{}g} {}", value / best->factor, digits, best->name);
}

}  // namespace simdse
