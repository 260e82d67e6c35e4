// Constants of a process node, each with its source.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "models/base/config_value.h"
#include "models/base/data_files.h"
#include "models/base/units.h"
#include "models/technology/voltage_law.h"

namespace simdse {

/// Area and energy of the parts that blocks are made of, at one node. Read from
/// configs/technology/NAME.yaml, where every constant must name its source and how
/// sure it is.
class Technology {
 public:
  /// Energy of one byte's access against the capacity of the array that is accessed.
  struct SramPoint {
    Bytes capacity;
    Joules energy_per_byte;
  };

  /// Area of one array with its decoders and sense amplifiers, for an access of kSramAccess.
  struct SramAreaPoint {
    Bytes capacity;
    Area area;
  };
  static constexpr std::int64_t kSramAccess = 64;  ///< bytes of one access in the area's points

  std::string name;

  // Logic
  Area mac_area;             ///< bf16 multiply, fp32 accumulate, with the PE's registers
  Joules mac_energy;         ///< the same, one operation
  Area mac_8_bit_area;       ///< 8-bit multiply, 32-bit accumulate, without registers
  Area vector_alu_area;      ///< one fp32 lane with its share of the register file
  Joules vector_op_energy;   ///< one fp32 instruction of one lane
  double logic_leakage = 0;  ///< W/mm2 of logic

  // SRAM
  std::vector<SramAreaPoint> sram_area_points;  ///< ascending capacity; area per byte falls
  std::vector<SramPoint> sram_energy;           ///< ascending capacity
  Watts sram_leakage_per_mib;
  /// Access time of one array at nominal voltage; ascending capacity.
  struct SramTimePoint {
    Bytes capacity;
    Seconds time;
  };
  std::vector<SramTimePoint> sram_access_time;
  /// What an array with more ports for reads and writes is to one with one port.
  struct PortFactors {
    double area = 1;
    double energy = 1;  ///< of an access
    double leakage = 1;
    double access_time = 1;
  };
  PortFactors second_port;

  // On-chip network
  Area crossbar_area_per_port_pair_byte;  ///< one byte of width between one input and one output
  Joules crossbar_energy_per_byte;
  Area router_buffer_area_per_byte;  ///< of flits held in a router
  Joules router_energy_per_byte;     ///< into a router's buffer, out of it, and through its switch
  Area wire_area_per_byte_mm;        ///< one byte of width over one mm, with its repeaters
  Joules wire_energy_per_byte_mm;

  // Chip-to-chip links
  Area serdes_lane_area;          ///< PHY of one lane, both directions
  Joules serdes_energy_per_byte;  ///< per byte of line rate, a lane's sender and its receiver

  // Memory stacks
  Area hbm_phy_area;         ///< per stack
  Area hbm_controller_area;  ///< per stack
  Joules hbm_energy_per_byte;
  Watts hbm_static_power;  ///< per stack

  // Whole chip
  Area control_area;  ///< sequencer, DMA, host interface
  /// mm2 of a real die beside each modelled mm2 that is no macro: what no block explains (routing,
  /// whitespace, test and repair, units that are not modelled). Fitted.
  double unexplained_area = 0;
  /// W per mm2 of die and GHz of clock: clock tree, and whatever else switches whether or not a
  /// block works. Fitted.
  double clock_power = 0;
  VoltageLaw voltage;
  double hbm_edge = 0;        ///< mm of die edge that one stack takes
  double reticle_width = 0;   ///< mm: no die is larger than the reticle
  double reticle_height = 0;  ///< mm
  double tdp_margin = 1;      ///< TDP = sustained peak power x this

  /// Energy of one byte from an array of `capacity`, interpolated between the table's points on
  /// logarithmic axes, constant beyond them.
  Joules sram_energy_per_byte(Bytes capacity) const;
  /// Of arrays with `ports` ports, 1 or 2.
  PortFactors port_factors(std::int64_t ports) const {
    return ports == 1 ? PortFactors{} : second_port;
  }
  /// Access time of one array at nominal voltage, interpolated likewise.
  Seconds sram_access(Bytes capacity) const;
  /// Area of a memory of `capacity` spread evenly over `arrays`: each is interpolated between the
  /// table's points on logarithmic axes; beyond them area grows with capacity.
  Area sram_area(Bytes capacity, std::int64_t arrays) const;

  /// Path of a constant, its value as written, where it is from, and how sure it is: "measured" (on
  /// a machine or by running a public tool), "published" (read there, or worked out from it in the
  /// steps that the source states) or "estimate" (own assumptions make up more than a tenth of it).
  struct Source {
    std::string constant;
    std::string value;
    std::string source;
    std::string confidence;
  };
  /// Of every constant, in the order in which they are read.
  std::vector<Source> sources;
};

/// Reads a technology by name or path. Throws InputError.
Technology load_technology(const std::string& name, const DataFiles& files,
                           const SourceLocation& where = {}, const std::string& relative_to = "");

}  // namespace simdse
