// Operators that copy data from one place or order to another.
#pragma once

#include "workloads/operator.h"

namespace simdse {

/// Entries `start`, `start` + 1, ... of `axis`, as many as the output has.
class Slice : public OperatorKind {
 public:
  Slice(std::int64_t axis, std::int64_t start) : axis_(axis), start_(start) {}
  std::string name() const override { return "slice"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  std::int64_t axis() const { return axis_; }
  std::int64_t start() const { return start_; }

 private:
  std::int64_t axis_;
  std::int64_t start_;
};

/// dy at the slice's place in an otherwise zero tensor; input dy.
class SliceGradient : public OperatorKind {
 public:
  SliceGradient(std::int64_t axis, std::int64_t start) : axis_(axis), start_(start) {}
  std::string name() const override { return "slice_gradient"; }
  Work work(const Graph& graph, const Operator& op) const override;
  std::int64_t axis() const { return axis_; }
  std::int64_t start() const { return start_; }

 private:
  std::int64_t axis_;
  std::int64_t start_;
};

}  // namespace simdse
