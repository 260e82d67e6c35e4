// Energy of a run from what its blocks did.
#pragma once

#include <string>
#include <vector>

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

  /// Of the cores of one group, whose energies may differ from another's. Index: the group in the
  /// order of the design's `cores`. Left empty, everything counts as done by the first group of its
  /// kind.
  struct Group {
    double macs = 0;  ///< cycles of PEs: a MAC in passes counts as several, one of a pair as half
    double vector_operations = 0;
    double vector_bytes = 0;
  };
  std::vector<Group> groups;

  /// Copied between memory and buffer past the network. Every other byte of either crosses the
  /// network, and a copied one is counted by both.
  double dma_bytes() const {
    const double twice = memory_bytes + buffer_bytes - network_bytes;
    return twice > 0 ? twice / 2 : 0;
  }
};

/// Energy of one kind of action of one block, all its instances together.
struct EnergyPart {
  std::string block;   ///< as in Chip::costs
  std::string action;  ///< "mac", "byte", ...; "always" for static power
  Joules energy;
};

/// Actions times their energies, and static power over the whole time.
std::vector<EnergyPart> energy_breakdown(const Chip& chip, const ActionCounts& actions,
                                         Seconds time);

/// Sum of the breakdown.
Joules energy_of(const Chip& chip, const ActionCounts& actions, Seconds time);

}  // namespace simdse
