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

Area Technology::sram_area(Bytes capacity, bool is_small) const {
  constexpr double bytes_per_mib = 1024 * 1024;
  return sram_area_per_mib * (to_double(capacity) / bytes_per_mib) *
         (is_small ? small_sram_factor : 1);
}

namespace {

/// Reads constants of the form `name: {value: ..., source: ...}`.
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

  /// Notes the source, which must say something.
  void note(const std::string& path, const ConfigValue& value, ConfigReader& constant) {
    const ConfigValue& source = constant.require("source");
    const std::string& text = source.text(path + ".source");
    if (text.empty()) throw InputError(source.where(), path + ".source: a source must be named");
    technology_.sources.push_back({path, value.text(path), text});
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
  t.vector_alu_area = Area(constants.constant("vector_alu_area", Dimension::area));
  t.vector_op_energy = Joules(constants.constant("vector_op_energy", Dimension::energy));
  t.logic_leakage = constants.constant("logic_leakage", Dimension::power_per_area);
  t.sram_area_per_mib = Area(constants.constant("sram_area_per_mib", Dimension::area));
  t.small_sram_factor = constants.constant("small_sram_factor", Dimension::count);
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
  t.sram_leakage_per_mib = Watts(constants.constant("sram_leakage_per_mib", Dimension::power));
  t.crossbar_area_per_port_pair_byte =
      Area(constants.constant("crossbar_area_per_port_pair_byte", Dimension::area));
  t.crossbar_energy_per_byte =
      Joules(constants.constant("crossbar_energy_per_byte", Dimension::energy_per_byte));
  t.hbm_phy_area = Area(constants.constant("hbm_phy_area", Dimension::area));
  t.hbm_controller_area = Area(constants.constant("hbm_controller_area", Dimension::area));
  t.hbm_energy_per_byte =
      Joules(constants.constant("hbm_energy_per_byte", Dimension::energy_per_byte));
  t.hbm_static_power = Watts(constants.constant("hbm_static_power", Dimension::power));
  t.control_area = Area(constants.constant("control_area", Dimension::area));
  t.tdp_margin = constants.constant("tdp_margin", Dimension::count);
  reader.finish();
  return t;
}

}  // namespace simdse
