// Quantities as people write them: "32 MiB", "700 MHz", "14 ns".
#pragma once

#include <string>
#include <vector>

#include "models/base/error.h"
#include "models/base/units.h"

namespace simdse {

/// What a number measures; each dimension has its list of unit names.
enum class Dimension {
  count,            ///< a plain number
  bytes,            ///< B, KiB, MiB, GiB, TiB, kB, MB, GB, TB
  time,             ///< s, ms, us, ns, ps
  frequency,        ///< Hz, kHz, MHz, GHz
  bandwidth,        ///< B/s ... TB/s (decimal), b/s ... Tb/s
  bytes_per_cycle,  ///< B/cycle
  area,             ///< mm2, um2
  power,            ///< W, mW
  energy,           ///< J, mJ, uJ, nJ, pJ
  energy_per_byte,  ///< pJ/B, pJ/b
  power_per_area,   ///< W/mm2, mW/mm2
  length,           ///< mm, um
  voltage,          ///< V, mV
};

/// The value in base units: bytes, seconds, hertz, bytes per second, mm2, watts, joules, ...
/// A plain number is only a quantity of dimension `count`, and "inf" stands for infinity where a
/// caller's range allows it. Throws InputError that names the units allowed.
double parse_quantity(const std::string& text, Dimension dimension, const SourceLocation& where,
                      const std::string& what);

/// Units of a dimension, largest last; empty for `count`.
std::vector<std::string> unit_names(Dimension dimension);

/// The unit whose factor is 1.
std::string base_unit(Dimension dimension);

/// The value in the largest unit that keeps it at least 1, with up to `digits` significant digits:
/// "32 MiB", "700 MHz". parse_quantity reads it back.
std::string format_quantity(double value, Dimension dimension, int digits = 6);

}  // namespace simdse
