// A network alone under a load.
#pragma once

#include "models/chip/chip.h"
#include "models/noc/load_test.h"

namespace simdse {

/// How finely a network is simulated.
enum class NocLevel {
  flits,     ///< by its model of flits
  transfers  ///< by the model that a chip's simulation uses
};

/// Whether the network's type has a model of flits.
bool has_flit_level(const Chip& chip);

/// Flits that a link carries per cycle: one, or without end where ports have no width.
double link_rate(const Chip& chip);

/// Runs the load through the chip's network. Throws InputError when its type has no module, or no
/// model of that level.
LoadFigures probe_noc(const Chip& chip, NocLevel level, const Traffic& traffic,
                      const NetworkLoad& load);

/// The highest rate that the network sustains, by bisection to 1 % of the bound of its links: the
/// rate of `load` plays no part. As much as the whole of it when nothing saturates the network.
double find_saturation(const Chip& chip, NocLevel level, const Traffic& traffic, NetworkLoad load);

}  // namespace simdse
