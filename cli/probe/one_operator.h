// One operator on a chip, planned, estimated and simulated: the bench by which a core is judged.
#pragma once

#include <optional>
#include <vector>

#include "models/base/config_value.h"
#include "models/chip/chip.h"
#include "search/estimate/plan_estimate.h"
#include "sim/run/simulation.h"
#include "workloads/graph.h"

namespace simdse {

/// The forward graph of a product M x K times K x N whose operands have elements of `format`.
/// Throws InputError when it is larger than a graph may be.
Graph gemm_graph(const TileShape& sizes, const NumberFormat& format);

/// The forward graph of one operator of the model language. `op` is the name of a kind
/// ("layer_norm") or a map with the kind and its attributes ({kind: convolution, channels: 64}),
/// `inputs` the shapes of its inputs, all of `format`. Throws InputError with the place in `op`.
Graph operator_graph(const ConfigValue& op, const std::vector<Shape>& inputs,
                     const NumberFormat& format);

/// One core of each kind with operands that are simply there: the network, the buffer, the memory
/// and the dispatcher around it take no time. The cores are of the first group of their kind, or of
/// `group`, counted as in the design's `cores`. Throws InputError when there is no such group.
Chip core_alone(const Chip& chip, std::optional<std::size_t> group = {});

struct OperatorProbe {
  Plan plan;
  PlanEstimate estimate;
  SimulationResult simulation;
  double formula_cycles = 0;    ///< of the chip's clock, from launch to the last byte stored
  double simulated_cycles = 0;  ///< the same, up to the next edge
  double cpu_seconds = 0;       ///< that the simulation took: differs from run to run
};

struct OperatorProbeOptions {
  std::optional<Dataflow> dataflow;  ///< the only one that contractions may use
  SimulationOptions simulation;
};

/// Runs `graph` as it is, forward only, from a chip whose on-chip memories are empty until its
/// results are in memory. The simulation has a process of its own. Throws InputError when the chip
/// can't run it, std::runtime_error when the simulation fails.
///
/// Example:
///   const OperatorProbe probe = probe_operator(chip, gemm_graph({512, 1024, 4096}, bf16));
///   const double gap = probe.formula_cycles / probe.simulated_cycles - 1;
OperatorProbe probe_operator(const Chip& chip, const Graph& graph,
                             const OperatorProbeOptions& options = {});

}  // namespace simdse
