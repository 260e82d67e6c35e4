// Along which axes an operator can be shared out among chips that do not talk to each other.
#pragma once

#include <optional>
#include <vector>

#include "workloads/graph.h"

namespace simdse {

/// A label for each axis of each input and output. Axes of equal label run together: if every
/// tensor that has a label is split into n equal parts along it, n operators, each on its own parts
/// and on the whole of all other tensors, do the work of one. Outputs without the label are then
/// parts of a sum (contractions alone have such).
struct OperatorAxes {
  static constexpr int kWhole = -1;  ///< an axis that can't be split

  using Labels = std::vector<int>;
  std::vector<Labels> inputs;
  std::vector<Labels> outputs;

  /// Place of `label` in `labels`, or -1.
  static int find(const Labels& labels, int label);
};

/// The labels, or nothing for a kind of which no rule is known. Losses have whole axes alone.
std::optional<OperatorAxes> operator_axes(const Graph& graph, const Operator& op);

}  // namespace simdse
