// Builds forward graphs operator by operator, with the shape of each result inferred.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "workloads/graph.h"
#include "workloads/operators/attention.h"
#include "workloads/operators/elementwise.h"
#include "workloads/operators/local_response.h"
#include "workloads/operators/normalization.h"
#include "workloads/operators/pooling.h"
#include "workloads/operators/window.h"

namespace simdse {

/// Number formats of a model's tensors.
struct TensorFormats {
  NumberFormat compute = number_format("bf16");  ///< activations, gradients and working weights
  NumberFormat state = number_format("fp32");    ///< master weights and optimizer moments
};

/// Weights of an LSTM layer.
struct LstmWeights {
  TensorId input = kNone;  ///< [features of x, 4 features]
  TensorId state = kNone;  ///< [features, 4 features]
  TensorId bias = kNone;   ///< broadcasts to [S, B, 4 features]; kNone: there is none
};

/// What an LSTM layer gives.
struct LstmResults {
  TensorId states = kNone;       ///< [S, B, features]
  TensorId last_state = kNone;   ///< [B, features]
  TensorId last_memory = kNone;  ///< [B, features]
};

/// Every method adds one operator called `name` (and the parameters it needs, called `name.weight`
/// and the like) and returns its result. Methods throw std::invalid_argument, with a reason, when
/// shapes don't fit, or when the graph grows beyond what 64-bit totals can count: 2^52 elements of
/// all tensors, 2^59 multiply-accumulates; or beyond 200,000 tensors.
class GraphBuilder {
 public:
  explicit GraphBuilder(TensorFormats formats) : formats_(std::move(formats)) {}

  Graph take() { return std::move(graph_); }
  const Graph& graph() const { return graph_; }
  const Shape& shape(TensorId tensor) const { return graph_.tensor(tensor).shape; }

  /// Makes the operators from `first` on that are in no segment yet a segment (Operator::segment).
  void end_segment(OperatorId first);

  TensorId input(const std::string& name, Shape shape, std::optional<NumberFormat> format = {});
  TensorId parameter(const std::string& name, Shape shape);

  /// y = x W (+ bias) over the last axis of x; W is [features of x, `features`].
  TensorId linear(const std::string& name, TensorId x, std::int64_t features, bool has_bias);
  /// An Einstein sum, e.g. "bqhd,bkhd->bhqk".
  TensorId contraction(const std::string& name, const std::string& equation, TensorId a,
                       TensorId b);
  TensorId convolution(const std::string& name, TensorId x, std::int64_t channels, Window window,
                       std::int64_t groups, bool has_bias);
  /// The same with given weights [channels, channels of x / groups, kernel height, kernel width].
  TensorId convolution(const std::string& name, TensorId x, TensorId weight, Window window,
                       std::int64_t groups);
  /// A function of elementwise_functions() with one or two operands.
  TensorId elementwise(const std::string& name, const std::string& function,
                       std::vector<TensorId> operands,
                       ElementwiseFunction::Constants constants = {});
  /// x plus a trained tensor of `shape`, which broadcasts to x.
  TensorId bias(const std::string& name, TensorId x, Shape shape);
  /// `groups` belongs to a group normalisation.
  TensorId normalization(const std::string& name, NormalizationStyle style, TensorId x,
                         std::int64_t groups = 1);
  /// The same with given scale and, where wanted, shift.
  TensorId normalization(const std::string& name, NormalizationStyle style, TensorId x,
                         const std::vector<TensorId>& parameters, std::int64_t groups);
  TensorId local_response(const std::string& name, TensorId x, LocalResponseConstants constants);
  TensorId softmax(const std::string& name, TensorId x);
  /// Fused attention of q [batch, queries, groups, ..., width] over `keys_values` [2, batch, keys,
  /// groups, width].
  TensorId attention(const std::string& name, TensorId q, TensorId keys_values,
                     AttentionConstants constants);
  TensorId dropout(const std::string& name, TensorId x, double rate);
  TensorId embedding(const std::string& name, TensorId ids, std::int64_t rows, std::int64_t width);
  /// Rows of a given table [rows, width].
  TensorId embedding(const std::string& name, TensorId ids, TensorId table);
  TensorId pooling(const std::string& name, PoolingStyle style, TensorId x, Window window);
  /// One entry of `shape` may be -1: what is left.
  TensorId reshape(const std::string& name, TensorId x, Shape shape);
  /// One LSTM layer over x [S, B, features of x], from a zero state; gives [S, B, features].
  /// Weights are `.input_weight`, `.state_weight` and, with `has_bias`, one `.bias` per gate.
  /// `reverse` walks from the last step to the first.
  TensorId lstm(const std::string& name, TensorId x, std::int64_t features, bool reverse,
                bool has_bias);
  /// The same with given weights; also gives the states after the last turn.
  LstmResults lstm(const std::string& name, TensorId x, const LstmWeights& weights, bool reverse);
  /// Rotates the rows of x [B, S, ..., width] by `angles` [S, width].
  TensorId rotary(const std::string& name, TensorId x, TensorId angles);
  TensorId transpose(const std::string& name, TensorId x, std::vector<std::size_t> order);
  TensorId concat(const std::string& name, std::vector<TensorId> parts, std::size_t axis);
  std::vector<TensorId> split(const std::string& name, TensorId x, std::size_t axis,
                              const Shape& lengths);
  /// Zeros around x: `before` and `after` entries along each axis.
  TensorId pad(const std::string& name, TensorId x, const Shape& before, const Shape& after);
  /// Sum over `axes`, which stay as axes of size 1.
  TensorId sum(const std::string& name, TensorId x, const std::vector<std::size_t>& axes);
  TensorId broadcast(const std::string& name, TensorId x, Shape shape);
  /// An operator of unknown meaning with results of the given shapes.
  std::vector<TensorId> opaque(const std::string& name, const std::string& meaning,
                               std::vector<TensorId> inputs, const std::vector<Shape>& results);
  /// `length` entries of `axis` from `start` on.
  TensorId slice(const std::string& name, TensorId x, std::int64_t axis, std::int64_t start,
                 std::int64_t length);
  TensorId slice(const std::string& name, TensorId x, Shape starts, Shape lengths);
  /// The parts as entries along a new first axis; made in place where that can be.
  TensorId stack(const std::string& name, const std::vector<TensorId>& parts);
  TensorId select(const std::string& name, TensorId x, std::int64_t index);
  TensorId cross_entropy(const std::string& name, TensorId logits, TensorId labels);
  TensorId squared_error(const std::string& name, TensorId x, TensorId target);

 private:
  TensorId add(const std::string& name, std::shared_ptr<const OperatorKind> kind,
               std::vector<TensorId> inputs, Shape shape);
  TensorId add_tensor(const std::string& name, Shape shape, NumberFormat format, TensorRole role);
  void count_macs(TensorId product);

  Graph graph_;
  TensorFormats formats_;
  int segments_ = 0;
  double elements_ = 0;
  double macs_ = 0;
};

}  // namespace simdse
