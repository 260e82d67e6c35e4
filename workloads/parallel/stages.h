// Pipeline parallelism: a forward graph cut into stages.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "workloads/graph.h"
#include "workloads/training.h"

namespace simdse {

/// A run of operators that is not cut: one turn of the model's repetition (Operator::segment), or
/// what lies before, between or behind turns.
struct PipelineUnit {
  OperatorId begin = 0;
  OperatorId end = 0;
  int segment = kNone;
};

/// The units of a graph, in order; every operator is in one. A graph with fewer than two segments
/// is taken apart where a single activation passes.
std::vector<PipelineUnit> pipeline_units(const Graph& forward);

/// What the cut is made by. `time` has one entry per unit. `excess` says by how much units
/// [begin, end) are too large for the memory of the chips of stage `stage`: 0 if they fit.
struct CutCosts {
  std::vector<double> time;
  std::function<Bytes(std::size_t begin, std::size_t end, int stage)> excess;  ///< may be empty
};

/// First unit of each of `stages` stages so that the slowest stage is as fast as can be and every
/// stage fits, by dynamic programming; among such cuts, the one with the least sum of squared
/// times; every stage has a unit. Throws InputError when there are fewer units than stages, and
/// when no cut fits, with what the tightest cut lacks.
std::vector<std::size_t> balanced_cut(const CutCosts& costs, int stages);

/// First unit of each stage from the turns of the repetition with which stages 1, 2, ... begin.
/// What lies before a turn goes with the turn before; the first stage has all before it, the last
/// all behind. Throws InputError unless the turns ascend and exist.
std::vector<std::size_t> given_cut(const std::vector<PipelineUnit>& units,
                                   const std::vector<std::int64_t>& turns);

/// A tensor that one stage makes and a later one reads.
struct StageTensor {
  TensorId whole = kNone;   ///< in the whole graph
  TensorId tensor = kNone;  ///< in the stage's graph
  bool has_gradient = false;
};

/// A stage's part of the forward graph.
///
/// Tensors of earlier stages are inputs of it; one that a later stage reads is an output of the
/// stage that makes it, and input and output of those between, which pass it on. A parameter that
/// several stages read is in each of them, behind a view (Replicate of these stages) by which its
/// gradient is summed over them in the update phase.
struct PipelineStage {
  Graph forward;
  std::vector<StageTensor> inputs;
  std::vector<StageTensor> outputs;
  std::vector<std::string> tied;  ///< names of parameters that other stages have too
  bool has_own_results = true;    ///< see StepBoundary

  /// Bytes per microbatch that come in; as many gradients go back for those that have one.
  Bytes bytes_in() const;
  Bytes bytes_out() const;

  StepBoundary boundary() const;
  BoundedStep training_step(const TrainingOptions& options) const;
};

/// Cuts the graph before the units `first` (the first is unit 0). The stages' operators are those
/// of the graph, in order.
std::vector<PipelineStage> cut_stages(const Graph& forward, const std::vector<PipelineUnit>& units,
                                      const std::vector<std::size_t>& first);

/// The pipeline place of chunk `chunk` when each of `places` places has several chunks (Narayanan
/// et al. 2021, section 2.2): chunks go round the places.
inline int place_of_chunk(int chunk, int places) { return chunk % places; }

}  // namespace simdse
