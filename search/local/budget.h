// What a design may cost.
#pragma once

#include "models/base/units.h"

namespace simdse {

struct Budget {
  Area area;
  Watts power;  ///< as TDP

  bool allows(Area chip_area, Watts chip_tdp) const {
    // Designs at exactly the budget (the baseline itself) must not fall out by rounding.
    constexpr double rounding = 1 + 1e-9;
    return chip_area.value() <= area.value() * rounding &&
           chip_tdp.value() <= power.value() * rounding;
  }
};

}  // namespace simdse
