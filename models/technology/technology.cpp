#include "models/technology/technology.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "models/base/config_reader.h"

namespace simdse {

Joules Technology::sram_energy_per_byte(Bytes capacity) const {
  const auto above =
      std::find_if(sram_energy.begin(), sram_energy.end(),
                   [&](const SramPoint& point) { return point.capacity >= capacity; });
  if (above == sram_energy.begin()) return above->energy_per_byte;
  if (above == sram_energy.end()) return sram_energy.back().energy_per_byte;
  const SramPoint& low = *(above - 1);
  const double position =
      std::log(capacity / low.capacity) / std::log(above->capacity / low.capacity);
  return Joules(low.energy_per_byte.value() *
                std::pow(above->energy_per_byte / low.energy_per_byte, position));
}

Seconds Technology::sram_access(Bytes capacity) const {
  const auto above =
      std::find_if(sram_access_time.begin(), sram_access_time.end(),
                   [&](const SramTimePoint& point) { return point.capacity >= capacity; });
  if (above == sram_access_time.begin()) return above->time;
  if (above == sram_access_time.end()) return sram_access_time.back().time;
  const SramTimePoint& low = *(above - 1);
  const double position =
      std::log(capacity / low.capacity) / std::log(above->capacity / low.capacity);
  return low.time * std::pow(above->time / low.time, position);
}

Area Technology::sram_area(Bytes capacity, std::int64_t arrays) const {
  const double count = static_cast<double>(arrays);
  const double each = to_double(capacity) / count;
  const auto above =
      std::find_if(sram_area_points.begin(), sram_area_points.end(),
                   [&](const SramAreaPoint& point) { return to_double(point.capacity) >= each; });
  const auto in_proportion = [&](const SramAreaPoint& point) {
    return point.area * (count * each / to_double(point.capacity));
  };
  if (above == sram_area_points.begin()) return in_proportion(*above);
  if (above == sram_area_points.end()) return in_proportion(sram_area_points.back());
  const SramAreaPoint& low = *(above - 1);
  const double position =
      std::log(each / to_double(low.capacity)) / std::log(above->capacity / low.capacity);
  return low.area * (count * std::pow(above->area / low.area, position));
}

namespace {

/// Reads constants of the form `name: {value: ..., confidence: ..., source: ...}`.
class ConstantReader {
 public:
  ConstantReader(ConfigReader& reader, Technology& technology)
      : reader_(reader), technology_(technology) {}

  double constant(const std::string& name, Dimension dimension) {
    return read(reader_.require(name), reader_.path_of(name), dimension);
  }

  double read(const ConfigValue& entry, const std::string& path, Dimension dimension) {
    ConfigReader constant(entry, path);
    const ConfigValue& value = constant.require("value");
    const double number = read_real(value, dimension, path + ".value", 0, 1e30);
    note(path, value, constant);
    constant.finish();
    return number;
  }

  /// Notes the source, which must say something, and how sure the constant is.
  void note(const std::string& path, const ConfigValue& value, ConfigReader& constant) {
    const ConfigValue& source = constant.require("source");
    const std::string& text = source.text(path + ".source");
    if (text.empty()) throw InputError(source.where(), path + ".source: a source must be named");
    const std::string& confidence =
        read_choice(constant.require("confidence"), path + ".confidence",
                    {"measured", "published", "estimate"});
    technology_.sources.push_back({path, value.text(path), text, confidence});
  }

 private:
  ConfigReader& reader_;
  Technology& technology_;
};

}  // namespace

Technology load_technology(const std::string& name, const DataFiles& files,
                           const SourceLocation& where, const std::string& relative_to) {
  const ConfigValue document =
      load_config(files.find("configs/technology", name, "technology", where, relative_to));
  Technology t;
  ConfigReader reader(document, "");
  t.name = reader.text("name");
  reader.find("about");
  ConstantReader constants(reader, t);
  t.mac_area = Area(constants.constant("mac_area", Dimension::area));
  t.mac_energy = Joules(constants.constant("mac_energy", Dimension::energy));
  t.mac_8_bit_area = Area(constants.constant("mac_8_bit_area", Dimension::area));
  t.vector_alu_area = Area(constants.constant("vector_alu_area", Dimension::area));
  t.vector_op_energy = Joules(constants.constant("vector_op_energy", Dimension::energy));
  t.logic_leakage = constants.constant("logic_leakage", Dimension::power_per_area);
  const std::string areas = "sram_area";
  for (const ConfigValue& entry : reader.require(areas).items(areas)) {
    ConfigReader point(entry, areas);
    const Bytes capacity(
        static_cast<std::int64_t>(point.quantity("capacity", Dimension::bytes, 1, 1e15)));
    const ConfigValue& value = point.require("value");
    const Area area(read_real(value, Dimension::area, areas, 1e-12, 1e30));
    constants.note(areas + "." + format_quantity(to_double(capacity), Dimension::bytes), value,
                   point);
    point.finish();
    if (!t.sram_area_points.empty()) {
      const Technology::SramAreaPoint& before = t.sram_area_points.back();
      const double growth = capacity / before.capacity;
      if (growth <= 1 || area <= before.area || area > before.area * growth) {
        throw InputError(entry.where(), areas +
                                            ": capacity and area must ascend, and area per byte "
                                            "must not, or cutting a memory up would shrink it");
      }
    }
    t.sram_area_points.push_back({capacity, area});
  }
  if (t.sram_area_points.empty()) throw InputError(document.where(), areas + ": needs a point");
  const std::string points = "sram_energy";
  for (const ConfigValue& entry : reader.require(points).items(points)) {
    ConfigReader point(entry, points);
    const double capacity = point.quantity("capacity", Dimension::bytes, 1, 1e15);
    const ConfigValue& value = point.require("value");
    const double energy = read_real(value, Dimension::energy_per_byte, points, 0, 1);
    constants.note(points + "." + format_quantity(capacity, Dimension::bytes), value, point);
    point.finish();
    t.sram_energy.push_back({Bytes(static_cast<std::int64_t>(capacity)), Joules(energy)});
    if (t.sram_energy.size() > 1 &&
        t.sram_energy[t.sram_energy.size() - 2].capacity >= t.sram_energy.back().capacity) {
      throw InputError(entry.where(), points + ": capacities must ascend");
    }
  }
  if (t.sram_energy.empty()) throw InputError(document.where(), points + ": needs a point");
  const std::string times = "sram_access_time";
  for (const ConfigValue& entry : reader.require(times).items(times)) {
    ConfigReader point(entry, times);
    const double capacity = point.quantity("capacity", Dimension::bytes, 1, 1e15);
    const ConfigValue& value = point.require("value");
    const double time = read_real(value, Dimension::time, times, 1e-12, 1);
    constants.note(times + "." + format_quantity(capacity, Dimension::bytes), value, point);
    point.finish();
    t.sram_access_time.push_back({Bytes(static_cast<std::int64_t>(capacity)), Seconds(time)});
    if (t.sram_access_time.size() > 1 &&
        (t.sram_access_time[t.sram_access_time.size() - 2].capacity >=
             t.sram_access_time.back().capacity ||
         t.sram_access_time[t.sram_access_time.size() - 2].time > t.sram_access_time.back().time)) {
      throw InputError(entry.where(), times + ": capacities and times must ascend");
    }
  }
  if (t.sram_access_time.empty()) throw InputError(document.where(), times + ": needs a point");
  t.sram_leakage_per_mib = Watts(constants.constant("sram_leakage_per_mib", Dimension::power));
  t.second_port.area = constants.constant("sram_second_port_area", Dimension::count);
  t.second_port.energy = constants.constant("sram_second_port_energy", Dimension::count);
  t.second_port.leakage = constants.constant("sram_second_port_leakage", Dimension::count);
  t.second_port.access_time = constants.constant("sram_second_port_access_time", Dimension::count);
  t.crossbar_area_per_port_pair_byte =
      Area(constants.constant("crossbar_area_per_port_pair_byte", Dimension::area));
  t.crossbar_energy_per_byte =
      Joules(constants.constant("crossbar_energy_per_byte", Dimension::energy_per_byte));
  t.router_buffer_area_per_byte =
      Area(constants.constant("router_buffer_area_per_byte", Dimension::area));
  t.router_energy_per_byte =
      Joules(constants.constant("router_energy_per_byte", Dimension::energy_per_byte));
  t.wire_area_per_byte_mm = Area(constants.constant("wire_area_per_byte_mm", Dimension::area));
  t.wire_energy_per_byte_mm =
      Joules(constants.constant("wire_energy_per_byte_mm", Dimension::energy_per_byte));
  t.serdes_lane_area = Area(constants.constant("serdes_lane_area", Dimension::area));
  t.serdes_energy_per_byte =
      Joules(constants.constant("serdes_energy_per_byte", Dimension::energy_per_byte));
  t.hbm_phy_area = Area(constants.constant("hbm_phy_area", Dimension::area));
  t.hbm_controller_area = Area(constants.constant("hbm_controller_area", Dimension::area));
  t.hbm_energy_per_byte =
      Joules(constants.constant("hbm_energy_per_byte", Dimension::energy_per_byte));
  t.hbm_static_power = Watts(constants.constant("hbm_static_power", Dimension::power));
  t.control_area = Area(constants.constant("control_area", Dimension::area));
  t.unexplained_area = constants.constant("unexplained_area", Dimension::count);
  t.clock_power = constants.constant("clock_power", Dimension::power_per_area);
  t.voltage.nominal = Volts(constants.constant("nominal_voltage", Dimension::voltage));
  t.voltage.maximum = Volts(constants.constant("maximum_voltage", Dimension::voltage));
  t.voltage.threshold = Volts(constants.constant("threshold_voltage", Dimension::voltage));
  t.voltage.alpha = constants.constant("alpha", Dimension::count);
  t.voltage.nominal_clock = Hertz(constants.constant("nominal_clock", Dimension::frequency));
  if (t.voltage.threshold >= t.voltage.nominal || t.voltage.nominal > t.voltage.maximum ||
      t.voltage.alpha < 1 || t.voltage.alpha > 2) {
    throw InputError(document.where(),
                     "voltages: threshold < nominal <= maximum, and alpha from 1 to 2");
  }
  t.hbm_edge = constants.constant("hbm_edge", Dimension::length);
  t.reticle_width = constants.constant("reticle_width", Dimension::length);
  t.reticle_height = constants.constant("reticle_height", Dimension::length);
  t.tdp_margin = constants.constant("tdp_margin", Dimension::count);
  reader.finish();
  return t;
}

}  // namespace simdse
