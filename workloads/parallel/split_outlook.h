// Whether a tensor that is split among chips can go on without an exchange.
#pragma once

#include <optional>

#include "workloads/graph.h"
#include "workloads/operators/contraction.h"

namespace simdse {

/// A product of an activation and weights.
struct WeightProduct {
  const Contraction* kind = nullptr;
  std::size_t x = 0;       ///< which input the activation is
  std::size_t weight = 1;  ///< which input the weights are
};

/// The operator as such a product; nothing if it is none.
std::optional<WeightProduct> weight_product(const Graph& graph, const Operator& op);

/// What a split shares out, by what it leads to.
enum class SplitMeaning {
  features,    ///< of a feed-forward network
  heads,       ///< passes a product of two activations
  vocabulary,  ///< ends in a cross entropy
};

const char* split_meaning_name(SplitMeaning meaning);

/// What a split of `tensor` along `axis` shares out if every reader goes on with its part, up to
/// weights that sum over the axis (row-parallel weights) or a cross entropy over it; nothing if
/// some reader needs the whole, or if a part would be a result of the graph.
std::optional<SplitMeaning> split_outlook(const Graph& graph, TensorId tensor, std::size_t axis);

/// An axis of the weights of a product along which it is column-parallel.
struct ColumnSplit {
  std::size_t weight_axis = 0;
  int label = 0;  ///< of the product's axes, see OperatorAxes
  SplitMeaning meaning = SplitMeaning::features;
};

/// The first axis, in the weights' order, along which what follows goes on in parts, preferably one
/// of a size that `degree` divides; nothing if there is none.
std::optional<ColumnSplit> column_split(const Graph& graph, const Operator& op,
                                        const WeightProduct& product, std::int64_t degree);

}  // namespace simdse
