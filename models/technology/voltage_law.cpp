#include "models/technology/voltage_law.h"

#include <cmath>

namespace simdse {

Hertz VoltageLaw::clock_at(Volts voltage) const {
  const auto speed = [this](Volts v) {
    return std::pow((v - threshold).value(), alpha) / v.value();
  };
  return nominal_clock * (speed(voltage) / speed(nominal));
}

Volts VoltageLaw::voltage_for(Hertz clock) const {
  if (clock <= nominal_clock) return nominal;
  // With alpha at least 1 the clock rises with the voltage: halve the interval.
  Volts low = nominal;
  Volts high = maximum;
  if (clock >= fastest()) return maximum;
  for (int step = 0; step < 60; ++step) {
    const Volts middle = (low + high) * 0.5;
    (clock_at(middle) < clock ? low : high) = middle;
  }
  return high;
}

}  // namespace simdse
