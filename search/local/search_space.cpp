#include "search/local/search_space.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <sstream>

namespace simdse {
namespace {

/// Numbers compare as numbers, choices by name.
bool less(const ParamValue& a, const ParamValue& b) { return a < b; }

/// Where a path leads within a design.
struct Target {
  BlockConfig* block = nullptr;
  CoreGroupConfig* group = nullptr;  ///< for a core group
  std::string parameter;
  bool is_count = false;
  bool is_clock = false;
};

constexpr std::int64_t kMegahertz = 1'000'000;

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> steps;
  std::stringstream stream(path);
  for (std::string step; std::getline(stream, step, '.');) steps.push_back(step);
  return steps;
}

Target find_target(Design& design, const std::string& path, const SourceLocation& where) {
  const std::vector<std::string> steps = split(path);
  const auto fail = [&](const std::string& problem) {
    throw InputError(where, fmt::format("space: '{}': {}", path, problem));
  };
  Target target;
  if (path == kClockPath) {
    target.is_clock = true;
  } else if (steps.size() == 3 && steps[0] == "cores") {
    const bool is_number = steps[1].find_first_not_of("0123456789") == std::string::npos &&
                           !steps[1].empty() && steps[1].size() < 6;
    const std::size_t index = is_number ? std::stoul(steps[1]) : design.cores.size();
    if (index >= design.cores.size()) {
      fail(fmt::format("the base design has core groups 0 to {}", design.cores.size() - 1));
    }
    target.group = &design.cores[index];
    target.block = &target.group->block;
    target.is_count = steps[2] == "count";
  } else if (steps.size() == 2 && steps[0] != "cores" && steps[0] != kClockPath) {
    const std::vector<std::pair<std::string, BlockConfig*>> blocks = {
        {"global_buffer", &design.global_buffer},
        {"noc", &design.noc},
        {"memory", &design.memory},
        {"dispatcher", &design.dispatcher}};
    std::vector<std::string> names = {"cores", kClockPath};
    for (const auto& [name, block] : blocks) {
      names.push_back(name);
      if (name == steps[0]) target.block = block;
    }
    if (target.block == nullptr) {
      fail(fmt::format("there is no block '{}'{}", steps[0], spelling_hint(steps[0], names)));
    }
  } else {
    fail("expected a path like cores.0.rows, memory.stacks or clock");
  }
  target.parameter = steps.back();
  return target;
}

const ParamInfo& find_parameter(const Target& target, const std::string& path,
                                const SourceLocation& where) {
  const BlockType* type = BlockRegistry::instance().find(target.block->kind, target.block->type);
  std::vector<std::string> names;
  for (const ParamInfo& info : type->params) {
    if (info.name == target.parameter) return info;
    names.push_back(info.name);
  }
  if (target.group != nullptr) names.emplace_back("count");
  throw InputError(where, fmt::format("space: '{}': {} has no parameter '{}'{}", path, type->name,
                                      target.parameter, spelling_hint(target.parameter, names)));
}

/// What reading a value of an axis needs to know; `count` of cores is a parameter like any other.
ParamInfo info_of(const Target& target, const std::string& path, const SourceLocation& where) {
  ParamInfo info;
  if (target.is_clock) {
    info.name = kClockPath;
    info.dimension = Dimension::frequency;
    info.min = kMegahertz;
    info.max = 1e4 * kMegahertz;
    return info;
  }
  if (!target.is_count) return find_parameter(target, path, where);
  info.name = "count";
  info.min = 1;
  info.max = 1024;
  for (std::int64_t count = 1; count <= 64; ++count) info.search_values.emplace_back(count);
  return info;
}

std::vector<ParamValue> read_range(const ConfigValue& value, const ParamInfo& info,
                                   const std::string& path) {
  ConfigReader reader(value, path);
  const ParamValue low = info.read(reader.require("min"), path + ".min");
  const ParamValue high = info.read(reader.require("max"), path + ".max");
  reader.finish();
  if (!std::holds_alternative<std::int64_t>(low)) {
    throw InputError(value.where(), path + ": a range needs whole numbers; give a list instead");
  }
  std::vector<ParamValue> result;
  const std::int64_t last = std::get<std::int64_t>(high);
  constexpr std::size_t max_values = 4096;
  const std::int64_t step = info.dimension == Dimension::frequency ? 100 * kMegahertz : 1;
  for (std::int64_t at = std::get<std::int64_t>(low); at <= last;
       at = info.powers_of_two ? at * 2 : at + step) {
    result.emplace_back(at);
    if (result.size() > max_values) {
      throw InputError(value.where(), fmt::format("{}: more than {} values", path, max_values));
    }
  }
  return result;
}

std::vector<ParamValue> read_values(const ConfigValue& value, const ParamInfo& info,
                                    const std::string& path) {
  std::vector<ParamValue> result;
  if (value.is_list()) {
    for (const ConfigValue& item : value.items(path)) result.push_back(info.read(item, path));
  } else if (value.is_map()) {
    result = read_range(value, info, path);
  } else if (value.is_scalar() && value.text(path) == "default") {
    result = info.search_values;
    if (result.empty()) {
      throw InputError(value.where(),
                       fmt::format("{}: has no default range; give a list of values", path));
    }
  } else {
    result.push_back(info.read(value, path));
  }
  if (info.dimension == Dimension::frequency) {
    for (const ParamValue& frequency : result) {
      if (std::get<std::int64_t>(frequency) % kMegahertz != 0) {
        throw InputError(value.where(), path + ": must be a whole number of MHz");
      }
    }
  }
  std::sort(result.begin(), result.end(), less);
  result.erase(std::unique(result.begin(), result.end()), result.end());
  if (result.empty()) throw InputError(value.where(), path + ": the range is empty");
  return result;
}

void set_value(Design& design, const Target& target, const ParamValue& value) {
  if (target.is_count) {
    target.group->count = std::get<std::int64_t>(value);
  } else if (target.is_clock) {
    design.clock = Hertz(static_cast<double>(std::get<std::int64_t>(value)));
  } else {
    target.block->params[target.parameter] = value;
  }
}

}  // namespace

ParamValue value_at(const Design& design, const std::string& path) {
  Design copy = design;
  const Target target = find_target(copy, path, {});
  if (target.is_count) return target.group->count;
  if (target.is_clock) return static_cast<std::int64_t>(design.clock.value());
  find_parameter(target, path, {});
  return target.block->params.at(target.parameter);
}

Design with_value(const Design& design, const std::string& path, const ParamValue& value) {
  Design result = design;
  const Target target = find_target(result, path, {});
  if (!target.is_count && !target.is_clock) find_parameter(target, path, {});
  set_value(result, target, value);
  return result;
}

SearchSpace::SearchSpace(Design base, const ConfigValue& space) : base_(std::move(base)) {
  for (const ConfigValue::Member& member : space.members("space")) {
    const Target target = find_target(base_, member.key, member.where);
    const ParamInfo info = info_of(target, member.key, member.where);
    Axis axis;
    axis.path = member.key;
    axis.values = read_values(member.value, info, "space." + member.key);
    if (target.is_count) {
      axis.role = AxisRole::count;
    } else if (target.group != nullptr && info.type == ParamInfo::Type::integer) {
      axis.role = AxisRole::dimension;
    }
    axis.info = info;
    axes_.push_back(std::move(axis));
    Place place;
    if (target.group != nullptr) {
      place.group = static_cast<std::size_t>(target.group - base_.cores.data());
    }
    for (BlockConfig Design::*block :
         {&Design::global_buffer, &Design::noc, &Design::memory, &Design::dispatcher}) {
      if (target.block == &(base_.*block)) place.block = block;
    }
    if (!target.is_count && !target.is_clock) place.parameter = target.parameter;
    places_.push_back(std::move(place));
  }
  if (axes_.empty()) throw InputError(space.where(), "space: there is nothing to search");
}

std::int64_t SearchSpace::size() const {
  std::int64_t total = 1;
  for (const Axis& axis : axes_) {
    const auto count = static_cast<std::int64_t>(axis.values.size());
    if (total > std::numeric_limits<std::int64_t>::max() / count) {
      return std::numeric_limits<std::int64_t>::max();
    }
    total *= count;
  }
  return total;
}

bool SearchSpace::advance(Point& point) const {
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (++point[i] < axes_[i].values.size()) return true;
    point[i] = 0;
  }
  return false;
}

Design SearchSpace::design(const Point& point) const {
  Design design = base_;
  move_to(point, design);
  return design;
}

void SearchSpace::move_to(const Point& point, Design& design) const {
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    const Place& place = places_[i];
    const ParamValue& value = axes_[i].values[point[i]];
    if (place.block != nullptr) {
      (design.*place.block).params[place.parameter] = value;
    } else if (!place.group) {
      design.clock = Hertz(static_cast<double>(std::get<std::int64_t>(value)));
    } else if (place.parameter.empty()) {
      design.cores[*place.group].count = std::get<std::int64_t>(value);
    } else {
      design.cores[*place.group].block.params[place.parameter] = value;
    }
  }
}

std::string SearchSpace::other_values(const Point& point) const {
  static const std::vector<std::string> in_label = {"rows", "columns", "lanes", "count"};
  std::string text;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const Axis& axis = axes_[i];
    const std::string name = axis.path.substr(axis.path.rfind('.') + 1);
    const bool is_core = axis.path.rfind("cores.", 0) == 0;
    const bool is_in_label =
        is_core ? std::find(in_label.begin(), in_label.end(), name) != in_label.end()
                : axis.path == "memory.stacks" || axis.path == "global_buffer.capacity";
    if (is_in_label) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name,
                        axis.info.format(axis.values[point[i]]));
  }
  return text;
}

std::string SearchSpace::all_values(const Point& point) const {
  std::string text;
  for (std::size_t i = 0; i < point.size(); ++i) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", axes_[i].path,
                        axes_[i].info.format(axes_[i].values[point[i]]));
  }
  return text;
}

std::optional<Point> SearchSpace::find(const Design& wanted) const {
  Point point;
  for (const Axis& axis : axes_) {
    try {
      const auto at =
          std::find(axis.values.begin(), axis.values.end(), value_at(wanted, axis.path));
      if (at == axis.values.end()) return std::nullopt;
      point.push_back(static_cast<std::size_t>(at - axis.values.begin()));
    } catch (const InputError&) {
      return std::nullopt;
    }
  }
  Design own = design(point);
  own.name = wanted.name;
  // What is written out is all that a design is.
  if (design_yaml(own) != design_yaml(wanted)) return std::nullopt;
  return point;
}

Point SearchSpace::base_point() const {
  Point point;
  for (const Axis& axis : axes_) {
    const ParamValue value = value_at(base_, axis.path);
    const auto above = std::upper_bound(axis.values.begin(), axis.values.end(), value, less);
    point.push_back(above == axis.values.begin()
                        ? 0
                        : static_cast<std::size_t>(above - axis.values.begin()) - 1);
  }
  return point;
}

}  // namespace simdse
