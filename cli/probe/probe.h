// Probes: one hardware block alone, by its formula and simulated, under a load that is stated.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "models/chip/chip.h"

namespace simdse {

/// One kind of block to probe. `run` gets the arguments after the probe's name.
struct Probe {
  const char* name;
  const char* summary;
  int (*run)(const CommandContext&);
};

/// All probes, in the order in which help lists them.
const std::vector<Probe>& probes();

int run_core_probe(const CommandContext& context);
int run_collective_probe(const CommandContext& context);
int run_memory_probe(const CommandContext& context);
int run_noc_probe(const CommandContext& context);

/// Options of every probe: --design, --set and --json.
void add_probe_options(Arguments& arguments);

/// Prints what `probe` says of the chip, and returns the exit status: it is called in a child
/// process, with the plug-ins' own code, where the chip has blocks of plug-ins. Throws
/// PluginFailure.
int on_chip(const Chip& chip, const std::function<std::string(const Chip&)>& probe);

/// The same with the chip of --design and --set. Throws InputError, also for a --set of something
/// else, and PluginFailure.
int on_probed_chip(const Arguments& arguments, const CommandContext& context,
                   const std::function<std::string(const Chip&)>& probe);

/// A quantity that was given as text, e.g. "256 B" or "256B"; `fallback` if it wasn't. Throws
/// InputError unless it lies within `min` and `max` and, for bytes, is a whole number.
double quantity_option(const Arguments& arguments, const std::string& name, Dimension dimension,
                       double fallback, double min, double max);

/// Runs a simulation in a process of its own, as SystemC elaborates once in each, and returns what
/// it returns. Throws std::runtime_error that says why there is nothing: the block threw, crashed
/// or did not end.
std::string simulate_apart(const std::function<std::string()>& simulation);

}  // namespace simdse
