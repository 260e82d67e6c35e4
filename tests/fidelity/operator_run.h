// One operator alone on a chip, forward only: by the estimate and by the simulation.
#pragma once

#include "models/chip/chip.h"
#include "search/estimate/plan_estimate.h"
#include "search/schedule/planner.h"
#include "sim/run/simulation.h"
#include "workloads/graph_builder.h"

namespace simdse {

struct OperatorRun {
  double estimated = 0;  ///< cycles of the chip's clock
  double simulated = 0;
};

inline OperatorRun run_alone(const Chip& chip, const Graph& graph) {
  const PlanResult planned = make_plan(chip, build_task_graph(graph));
  const double frequency = chip.clock().frequency().value();
  OperatorRun run;
  run.estimated = estimate_plan(chip, planned.plan).cycles;
  run.simulated = to_seconds(simulate(chip, planned.plan, {}).time).value() * frequency;
  return run;
}

/// C (m x n) = A (m x k) B (k x n).
inline Graph gemm_graph(std::int64_t m, std::int64_t n, std::int64_t k, const char* format) {
  TensorFormats formats;
  formats.compute = number_format(format);
  GraphBuilder builder(formats);
  const TensorId a = builder.input("a", {m, k});
  const TensorId b = builder.input("b", {k, n});
  builder.contraction("product", "mk,kn->mn", a, b);
  return builder.take();
}

/// A layer normalisation of `rows` rows of `columns` elements.
inline Graph layer_norm_graph(std::int64_t rows, std::int64_t columns, const char* format) {
  TensorFormats formats;
  formats.compute = number_format(format);
  GraphBuilder builder(formats);
  builder.normalization("norm", NormalizationStyle::layer, builder.input("x", {rows, columns}));
  return builder.take();
}

}  // namespace simdse
