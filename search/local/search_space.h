// The designs among which a search chooses: a base design and the axes along which it may vary.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/base/config_reader.h"
#include "models/chip/design.h"

namespace simdse {

/// What buying along an axis means.
enum class AxisRole {
  dimension,  ///< the size of each core of a group: halving it makes a child in the dimension tree
  count,      ///< the number of cores of a group: grown where the critical path asks for it
  shared,     ///< a parameter of a block that all cores share: memory stacks, buffer capacity, ...
};

/// The chip's clock as an axis. A search moves along the technology's voltage-frequency law: what
/// is faster costs a higher voltage, and what no voltage or SRAM allows is no design.
constexpr const char* kClockPath = "clock";

/// One searched value, named by its place in a design file: "cores.0.rows", "memory.stacks",
/// "clock".
struct Axis {
  std::string path;
  AxisRole role = AxisRole::shared;
  std::vector<ParamValue> values;  ///< ascending, without repetition
  ParamInfo info;
};

/// The value at `path` of a design, and a design with another value there. Throw InputError for a
/// path that leads nowhere, or to a block of a type without such a parameter.
ParamValue value_at(const Design& design, const std::string& path);
Design with_value(const Design& design, const std::string& path, const ParamValue& value);

/// A point: an index into the values of each axis.
using Point = std::vector<std::size_t>;

class SearchSpace {
 public:
  /// Reads `space:`: a map from path to `default` (the parameter's own search range), a list of
  /// values, or {min, max} (doubling for powers of two, every 100 MHz of the clock, else every
  /// whole number). Throws InputError.
  SearchSpace(Design base, const ConfigValue& space);

  const Design& base() const { return base_; }
  const std::vector<Axis>& axes() const { return axes_; }

  /// Number of designs; saturates at 2^63 - 1.
  std::int64_t size() const;

  Design design(const Point& point) const;
  /// Makes the design of `point` of any design of the space.
  void move_to(const Point& point, Design& design) const;

  /// Moves `point` to the next of all points, which begin with the lowest value on every axis;
  /// false behind the last, where it begins anew.
  bool advance(Point& point) const;

  /// "banks 8, port_width 512 B/cycle": the values of the axes that a chip's label does not show.
  /// With the label they tell any two designs of the space apart.
  std::string other_values(const Point& point) const;

  /// "cores.0.rows 64, memory.stacks 2": the values of all axes.
  std::string all_values(const Point& point) const;

  /// The point that is `design`, if the space has it.
  std::optional<Point> find(const Design& design) const;

  /// The point whose value on every axis is the base design's, or else the nearest one below (or
  /// the lowest).
  Point base_point() const;

 private:
  /// Where the values of an axis go in any design of the space.
  struct Place {
    std::optional<std::size_t> group;      ///< of cores: their number, or a block's parameter
    BlockConfig Design::*block = nullptr;  ///< else: a block's parameter, or the clock
    std::string parameter;                 ///< empty for a number of cores and the clock
  };

  Design base_;
  std::vector<Axis> axes_;
  std::vector<Place> places_;  ///< by axis
};

}  // namespace simdse
