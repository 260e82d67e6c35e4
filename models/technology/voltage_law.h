// The clock that a supply voltage allows.
#pragma once

#include "models/base/units.h"

namespace simdse {

using Volts = Quantity<struct VoltsTag, double>;

/// The alpha-power law (Sakurai and Newton, IEEE JSSC 1990): gates switch in a time in proportion
/// to V / (V - Vt)^alpha, so
///
///   clock(V) = nominal_clock x [(V - Vt)^alpha / V] / [(V0 - Vt)^alpha / V0]
///
/// Dies are signed off at the nominal voltage V0 and never run below it; a faster clock than the
/// nominal one takes more, up to the maximum. Energy per action goes with V^2, leakage with V.
struct VoltageLaw {
  Volts nominal;
  Volts maximum;
  Volts threshold;
  double alpha = 1;
  Hertz nominal_clock;

  Hertz clock_at(Volts voltage) const;
  /// The least voltage that allows `clock`: nominal to maximum. What needs more than the maximum
  /// gets the maximum here, and can't be built (see Chip::problem).
  Volts voltage_for(Hertz clock) const;
  Hertz fastest() const { return clock_at(maximum); }
};

}  // namespace simdse
