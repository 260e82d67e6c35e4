// The parameters of a hardware block, declared once: that one declaration feeds the strict YAML
// reader, `simdse blocks`, the editors' JSON schema and the range that a search walks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "models/base/config_reader.h"
#include "models/base/quantity_text.h"
#include "models/base/units.h"

namespace simdse {

/// A parameter's value in base units; a choice is kept by name.
using ParamValue = std::variant<std::int64_t, double, bool, std::string>;
using ParamValues = std::map<std::string, ParamValue>;

/// What one parameter is. All bounds are inclusive and in base units.
struct ParamInfo {
  enum class Type { integer, real, flag, choice };

  std::string name;
  std::string doc;
  Type type = Type::integer;
  Dimension dimension = Dimension::count;
  double min = 0;
  double max = 0;
  bool powers_of_two = false;
  std::vector<std::string> choices;
  ParamValue default_value;
  /// Values that a search tries unless it is told otherwise; empty: the parameter is not searched.
  std::vector<ParamValue> search_values;

  /// Reads and checks one value; throws InputError with place, range and unit.
  ParamValue read(const ConfigValue& value, const std::string& path) const;
  /// "4 to 256, a power of two", "weight_stationary | output_stationary", ...
  std::string range_text() const;
  /// For people: six significant digits.
  std::string format(const ParamValue& value) const;
  /// For files: reads back as the very same value.
  std::string exact_text(const ParamValue& value) const;
};

/// The parameters of one block type, in the order of their declaration.
using ParamSchema = std::vector<ParamInfo>;

/// Values for every parameter of `schema`: from `reader` where given, else the default.
ParamValues read_params(const ParamSchema& schema, ConfigReader& reader);

/// The default of every parameter.
ParamValues default_params(const ParamSchema& schema);

/// A JSON schema (draft 2020-12) of the block's map, as text, for editors.
std::string json_schema(const ParamSchema& schema);

/// Ties the members of a plain struct `P` to declared parameters. `P` provides
///   static void declare(ParamTable<P>&);
/// and the initialisers of its members are the defaults.
///
/// Example:
///   struct Params {
///     std::int64_t lanes = 128;
///     static void declare(ParamTable<Params>& table) {
///       table.add("lanes", &Params::lanes, "SIMD lanes").range(4, 256).powers_of_two();
///     }
///   };
template <class P>
class ParamTable {
 public:
  /// Refines the parameter that `add` has just declared.
  class Refine {
   public:
    explicit Refine(ParamInfo& info) : info_(info) {}
    Refine& range(double min, double max) {
      info_.min = min;
      info_.max = max;
      return *this;
    }
    Refine& powers_of_two() {
      info_.powers_of_two = true;
      return *this;
    }
    /// A search that names the parameter without values tries these.
    template <class T>
    Refine& search(std::initializer_list<T> values) {
      for (const T& value : values) info_.search_values.push_back(to_value(value));
      return *this;
    }

   private:
    ParamInfo& info_;
  };

  ParamTable() { P::declare(*this); }

  /// A number. A Quantity member brings its dimension along.
  template <class T>
  Refine add(const std::string& name, T P::*member, const std::string& doc) {
    ParamInfo info = make_info(name, doc, to_value(P{}.*member));
    if constexpr (std::is_same_v<T, bool>) {
      info.type = ParamInfo::Type::flag;
    } else if constexpr (std::is_floating_point_v<T>) {
      info.type = ParamInfo::Type::real;
    } else if constexpr (!std::is_integral_v<T>) {
      info.type =
          std::is_integral_v<typename T::rep> ? ParamInfo::Type::integer : ParamInfo::Type::real;
      info.dimension = dimension_of(T{});
    }
    bind(std::move(info), [member](P& params, const ParamValue& value) {
      if constexpr (std::is_arithmetic_v<T>) {
        params.*member = std::get<T>(value);
      } else {
        params.*member = T(std::get<typename T::rep>(value));
      }
    });
    return Refine(schema_.back());
  }

  /// One of a few named values; `names[i]` stands for the enumerator of value i.
  template <class E>
  void add_choice(const std::string& name, E P::*member, std::vector<std::string> names,
                  const std::string& doc) {
    ParamInfo info = make_info(name, doc, names.at(static_cast<std::size_t>(P{}.*member)));
    info.type = ParamInfo::Type::choice;
    info.choices = names;
    bind(std::move(info), [member, names = std::move(names)](P& params, const ParamValue& value) {
      const auto& text = std::get<std::string>(value);
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == text) params.*member = static_cast<E>(i);
      }
    });
  }

  const ParamSchema& schema() const { return schema_; }

  /// The struct that `values` describe; parameters not mentioned keep their default.
  P make(const ParamValues& values) const {
    P params;
    for (std::size_t i = 0; i < schema_.size(); ++i) {
      const auto found = values.find(schema_[i].name);
      if (found != values.end()) setters_[i](params, found->second);
    }
    return params;
  }

 private:
  template <class T>
  static ParamValue to_value(const T& value) {
    if constexpr (std::is_arithmetic_v<T>) {
      return value;
    } else {
      return value.value();
    }
  }
  static ParamValue to_value(int value) { return static_cast<std::int64_t>(value); }

  static Dimension dimension_of(Bytes) { return Dimension::bytes; }
  static Dimension dimension_of(Cycles) { return Dimension::count; }
  static Dimension dimension_of(Seconds) { return Dimension::time; }
  static Dimension dimension_of(Hertz) { return Dimension::frequency; }
  static Dimension dimension_of(BytesPerSecond) { return Dimension::bandwidth; }
  static Dimension dimension_of(BytesPerCycle) { return Dimension::bytes_per_cycle; }

  static ParamInfo make_info(const std::string& name, const std::string& doc, ParamValue fallback) {
    ParamInfo info;
    info.name = name;
    info.doc = doc;
    info.default_value = std::move(fallback);
    return info;
  }

  void bind(ParamInfo info, std::function<void(P&, const ParamValue&)> setter) {
    schema_.push_back(std::move(info));
    setters_.push_back(std::move(setter));
  }

  ParamSchema schema_;
  std::vector<std::function<void(P&, const ParamValue&)>> setters_;
};

}  // namespace simdse
