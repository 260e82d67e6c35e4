// What a chip is made of, part by part: area and power.
#pragma once

#include <string>

#include "models/chip/chip.h"

namespace simdse {

/// Tables of area by part and of power by block, with what no block explains, and the totals.
std::string chip_view(const Chip& chip);

}  // namespace simdse
