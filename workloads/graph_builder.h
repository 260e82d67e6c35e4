// Builds forward graphs operator by operator, with the shape of each result inferred.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "workloads/graph.h"
#include "workloads/operators/normalization.h"
#include "workloads/operators/pooling.h"
#include "workloads/operators/window.h"

namespace simdse {

/// Number formats of a model's tensors.
struct TensorFormats {
  NumberFormat compute = number_format("bf16");  ///< activations, gradients and working weights
  NumberFormat state = number_format("fp32");    ///< master weights and optimizer moments
};

/// Every method adds one operator called `name` (and the parameters it needs, called `name.weight`
/// and the like) and returns its result. Methods throw std::invalid_argument, with a reason, when
/// shapes don't fit.
class GraphBuilder {
 public:
  explicit GraphBuilder(TensorFormats formats) : formats_(std::move(formats)) {}

  Graph take() { return std::move(graph_); }
  const Graph& graph() const { return graph_; }
  const Shape& shape(TensorId tensor) const { return graph_.tensor(tensor).shape; }

  TensorId input(const std::string& name, Shape shape, std::optional<NumberFormat> format = {});
  TensorId parameter(const std::string& name, Shape shape);

  /// y = x W (+ bias) over the last axis of x; W is [features of x, `features`].
  TensorId linear(const std::string& name, TensorId x, std::int64_t features, bool has_bias);
  /// An Einstein sum, e.g. "bqhd,bkhd->bhqk".
  TensorId contraction(const std::string& name, const std::string& equation, TensorId a,
                       TensorId b);
  TensorId convolution(const std::string& name, TensorId x, std::int64_t channels, Window window,
                       std::int64_t groups, bool has_bias);
  /// A function of elementwise_functions() with one or two operands.
  TensorId elementwise(const std::string& name, const std::string& function,
                       std::vector<TensorId> operands, double parameter = 0);
  /// x plus a trained tensor of `shape`, which broadcasts to x.
  TensorId bias(const std::string& name, TensorId x, Shape shape);
  TensorId normalization(const std::string& name, NormalizationStyle style, TensorId x);
  TensorId softmax(const std::string& name, TensorId x);
  TensorId dropout(const std::string& name, TensorId x, double rate);
  TensorId embedding(const std::string& name, TensorId ids, std::int64_t rows, std::int64_t width);
  TensorId pooling(const std::string& name, PoolingStyle style, TensorId x, Window window);
  /// One entry of `shape` may be -1: what is left.
  TensorId reshape(const std::string& name, TensorId x, Shape shape);
  /// `length` entries of `axis` from `start` on.
  TensorId slice(const std::string& name, TensorId x, std::int64_t axis, std::int64_t start,
                 std::int64_t length);
  TensorId select(const std::string& name, TensorId x, std::int64_t index);
  TensorId cross_entropy(const std::string& name, TensorId logits, TensorId labels);
  TensorId squared_error(const std::string& name, TensorId x, TensorId target);

 private:
  TensorId add(const std::string& name, std::shared_ptr<const OperatorKind> kind,
               std::vector<TensorId> inputs, Shape shape);

  Graph graph_;
  TensorFormats formats_;
};

}  // namespace simdse
