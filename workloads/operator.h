// Operators: the nodes of a training graph, and what an operator asks of hardware.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "workloads/tensor.h"

namespace simdse {

class Graph;
class Differentiator;

enum class Phase {
  forward,
  recompute,        ///< a forward operator run again in the backward pass
  gradient,         ///< gradient of a vector operator
  input_gradient,   ///< dX of a contraction
  weight_gradient,  ///< dW of a contraction
  update,           ///< optimizer step
};

const char* phase_name(Phase phase);

/// A contraction as `batch` independent matrix products of A (m x k) by B (k x n). A is input 0 of
/// the operator, B input 1, the product output 0.
struct ContractionShape {
  std::int64_t batch = 1;
  std::int64_t m = 1;
  std::int64_t n = 1;
  std::int64_t k = 1;

  std::int64_t macs() const { return batch * m * n * k; }
  friend bool operator==(const ContractionShape& x, const ContractionShape& y) {
    return x.batch == y.batch && x.m == y.m && x.n == y.n && x.k == y.k;
  }
};

/// The axes of a contraction.
enum class ContractionAxis { m, n, k };

/// A product that runs behind a contraction on its blocks, while they are on chip: its rows,
/// columns and sum run over these axes of the contraction, so it has as many multiply-accumulates.
struct FollowUp {
  ContractionAxis rows;
  ContractionAxis columns;
  ContractionAxis sum;

  friend bool operator==(const FollowUp& x, const FollowUp& y) {
    return x.rows == y.rows && x.columns == y.columns && x.sum == y.sum;
  }
};

/// What a vector operator does, as `rows` independent rows of `columns` elements each. Per element
/// it issues `alu_ops` plain instructions and `special_ops` special-function ones (exp, division,
/// root, tanh); per row it combines all lanes `reductions` times; and it walks over its row
/// `passes` times, which costs memory traffic only when a row does not fit on chip.
struct VectorShape {
  std::int64_t rows = 1;
  std::int64_t columns = 1;
  int alu_ops = 1;
  int special_ops = 0;
  int reductions = 0;
  int passes = 1;

  std::int64_t elements() const { return rows * columns; }
  std::int64_t operations() const { return elements() * (alu_ops + special_ops); }
};

/// What one operator asks of hardware: one of the two shapes, neither for a view, or for a fused
/// operator both: the contraction with its follow-ups, and the vector work on each of its products.
/// `read` has the bytes taken from each input, `written` those put into each output.
struct Work {
  std::optional<ContractionShape> contraction;
  /// With follow-ups, inputs from 2 on and output 0 have rows along m; if the rows of a follow-up
  /// run along n, so do the last output's.
  std::vector<FollowUp> follow_ups;
  std::optional<VectorShape> vector;
  std::int64_t recomputed_macs = 0;  ///< those that repeat the forward pass
  std::vector<Bytes> read;
  std::vector<Bytes> written;

  std::int64_t macs() const {
    const auto products = static_cast<std::int64_t>(1 + follow_ups.size());
    return contraction ? products * contraction->macs() : 0;
  }
  Bytes bytes_read() const;
  Bytes bytes_written() const;
};

struct Operator;

/// What an operator means: its attributes, what it costs, and its gradient. Immutable, and shared
/// by all operators that mean the same.
class OperatorKind {
 public:
  virtual ~OperatorKind() = default;

  /// "contraction", "softmax_gradient", ...: stable, for output.
  virtual std::string name() const = 0;

  virtual Work work(const Graph& graph, const Operator& op) const = 0;

  /// Adds the operators that turn the gradients of `op`'s outputs into gradients of its inputs.
  /// `op` is a copy that stays valid while the graph grows. Kinds of the backward pass have no
  /// gradient of their own and throw std::logic_error.
  virtual void differentiate(Differentiator& backward, const Operator& op) const;

  /// True for a loss: the start of the backward pass, whose gradient needs none to come in.
  virtual bool is_loss() const { return false; }

  /// True for a kind that only renames bytes and so costs neither time nor memory.
  virtual bool is_view() const { return false; }

  /// True for a kind whose meaning is unknown and whose cost is therefore a guess.
  virtual bool is_opaque() const { return false; }

  /// True when output element i depends on element i of the first input alone (broadcast operands
  /// aside), so that it can run tile by tile behind whatever makes that input.
  virtual bool is_elementwise() const { return false; }

  /// True when each row of the output depends on that row of the first input alone.
  virtual bool is_rowwise() const { return is_elementwise(); }

  /// True when output 0 comes out row by row, so that an elementwise operator can follow on chip.
  virtual bool is_streaming() const { return is_rowwise(); }
};

/// One node. Inputs come before outputs in time: an operator's inputs are made by operators of
/// lower id.
struct Operator {
  OperatorId id = kNone;
  std::string name;
  Phase phase = Phase::forward;
  std::shared_ptr<const OperatorKind> kind;
  std::vector<TensorId> inputs;
  std::vector<TensorId> outputs;
  OperatorId forward = kNone;  ///< for a backward operator: the forward one that it mirrors
  int segment = kNone;  ///< turn of the model's innermost repetition, counted over the whole model
  /// Operators that must be done first although no tensor is passed: readers of bytes that this
  /// operator overwrites.
  std::vector<OperatorId> after;
};

}  // namespace simdse
