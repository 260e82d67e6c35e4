// One simulation of one plan on one chip.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "models/chip/chip_module.h"
#include "models/chip/energy.h"
#include "search/plan/plan.h"
#include "sim/recording/power.h"
#include "sim/recording/trace.h"

namespace simdse {

struct SimulationOptions {
  TransferLimits limits;
  Idealisation ideal;
  /// A run that needs more call-backs than this is given up.
  std::uint64_t max_events = 2'000'000'000;
  /// Stands between sockets; may put modules there, which must outlive the run.
  Binder bind = direct_binder();
  /// Build the modules in reverse order; results must not depend on it.
  bool reverse_order = false;
  /// Find out where in time the energy went (a trace has it as well).
  bool record_power = false;
};

/// Headings of the time of a chip, in the order of SimulationResult::breakdown.
const std::vector<std::string>& time_headings();

struct SimulationResult {
  Picoseconds time = 0;
  Joules energy;
  ActionCounts actions;
  std::vector<double> breakdown;  ///< fractions by time_headings(); they sum to 1
  std::vector<Picoseconds> region_start;
  std::vector<Picoseconds> region_end;
  std::vector<double> tensor_utilisation;  ///< of each tensor core: time at work / time
  Bytes peak_buffer;  ///< most bytes of the global buffer reserved at any moment
  std::uint64_t events = 0;
  PowerProfile power;     ///< if it was recorded; not part of the record as text
  double peak_power = 0;  ///< W, of any window of it; 0 if it was not recorded
};

/// Elaborates and runs. A process can do this once (SystemC elaborates once); use a worker process
/// for each simulation. If a trace is wanted, it gets one track per core, group of buffer banks,
/// network port and memory channel, and a counter of the power
/// of each block; `region_names` are then the names of the slices on the core
/// tracks. Throws std::runtime_error when the run does not end within max_events.
SimulationResult simulate(const Chip& chip, const Plan& plan, const SimulationOptions& options,
                          TraceWriter* trace = nullptr,
                          const std::vector<std::string>& region_names = {});

}  // namespace simdse
