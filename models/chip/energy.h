// Energy of a run from what its blocks did.
#pragma once

#include "models/chip/chip.h"

namespace simdse {

/// How often each action happened. Counted by the estimate and, independently, by the simulation.
struct ActionCounts {
  double macs = 0;
  double vector_operations = 0;
  double vector_bytes = 0;  ///< in and out of the vector cores' memories
  double network_bytes = 0;
  double buffer_bytes = 0;
  double memory_bytes = 0;
};

/// Actions times their energies, and static power over the whole time. Cores of several groups
/// count at the first group's energies.
Joules energy_of(const Chip& chip, const ActionCounts& actions, Seconds time);

}  // namespace simdse
