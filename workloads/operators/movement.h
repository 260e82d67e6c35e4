// Operators that copy data from one place or order to another.
#pragma once

#include "workloads/operator.h"

namespace simdse {

/// Along each axis the entries from `starts[axis]` on, as many as the output has.
class Slice : public OperatorKind {
 public:
  explicit Slice(Shape starts) : starts_(std::move(starts)) {}
  std::string name() const override { return "slice"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  const Shape& starts() const { return starts_; }

 private:
  Shape starts_;
};

/// The input, beginning at `starts[axis]` along each axis, in an otherwise zero tensor.
class Pad : public OperatorKind {
 public:
  explicit Pad(Shape starts) : starts_(std::move(starts)) {}
  std::string name() const override { return "pad"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  const Shape& starts() const { return starts_; }

 private:
  Shape starts_;
};

/// Axis i of the output is axis `order[i]` of the input.
class Transpose : public OperatorKind {
 public:
  explicit Transpose(std::vector<std::size_t> order) : order_(std::move(order)) {}
  std::string name() const override { return "transpose"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  const std::vector<std::size_t>& order() const { return order_; }

 private:
  std::vector<std::size_t> order_;
};

/// The inputs one after another along `axis`.
class Concat : public OperatorKind {
 public:
  explicit Concat(std::size_t axis) : axis_(axis) {}
  std::string name() const override { return "concat"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  std::size_t axis() const { return axis_; }

 private:
  std::size_t axis_;
};

/// The outputs are the input's entries along `axis`, one output after another.
class Split : public OperatorKind {
 public:
  explicit Split(std::size_t axis) : axis_(axis) {}
  std::string name() const override { return "split"; }
  Work work(const Graph& graph, const Operator& op) const override;
  /// Where every output has a gradient they are joined again; else those that have one are padded
  /// with zeros and summed.
  void differentiate(Differentiator& backward, const Operator& op) const override;
  std::size_t axis() const { return axis_; }

 private:
  std::size_t axis_;
};

/// Copies the inputs, each an entry along the output's first axis, where they could not be made in
/// place.
class StackCopy : public OperatorKind {
 public:
  std::string name() const override { return "stack_copy"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
};

}  // namespace simdse
