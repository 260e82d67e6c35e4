// Which results of the forward pass are thrown away and made again in the backward pass.
#pragma once

#include <string>
#include <vector>

#include "workloads/graph.h"

namespace simdse {

enum class Recomputation {
  none,
  /// The attention core: from the product of two activations (the scores) up to the next
  /// contraction, where a softmax lies between (Korthikanti et al. 2022).
  selective,
  /// Everything inside a segment: one turn of the model's innermost repetition, e.g. a transformer
  /// layer. A model without repetitions, or with turns of one contraction only, is cut where a
  /// single tensor passes, into about sqrt(contractions) segments (Chen et al. 2016).
  full,
};

/// Names as in workload files.
const std::vector<std::string>& recomputation_names();

/// For each operator the group that it is recomputed with, or kNone where its results are kept.
/// Each group is run again as a whole when the backward pass first reaches it. Results that are
/// used outside their group are kept. In every mode, what a chip gathers from others' parts is not
/// kept but gathered again.
std::vector<int> recomputation_groups(const Graph& forward, Recomputation mode);

/// Segments of a graph without repetitions: for each operator the number of the piece that it lies
/// in when the graph is cut where a single activation passes, each with at least
/// sqrt(contractions) contractions.
std::vector<int> segments_between_narrow_places(const Graph& graph);

}  // namespace simdse
