// Operators that rename bytes without touching them.
#pragma once

#include "workloads/operator.h"

namespace simdse {

/// The output has the input's elements in the input's order under another shape.
class Reshape : public OperatorKind {
 public:
  std::string name() const override { return "reshape"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  bool is_view() const override { return true; }
};

/// The output is entry `index` along the first axis of the input.
class Select : public OperatorKind {
 public:
  explicit Select(std::int64_t index) : index_(index) {}
  std::string name() const override { return "select"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  bool is_view() const override { return true; }
  std::int64_t index() const { return index_; }

 private:
  std::int64_t index_;
};

/// The output is made of the inputs, each an entry along its first axis; they are made in place.
class Stack : public OperatorKind {
 public:
  std::string name() const override { return "stack"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  bool is_view() const override { return true; }
};

/// Hands the entries of a stack's gradient to the stack's inputs, as views.
void differentiate_stack(Differentiator& backward, const Operator& op);

/// Adds the operator `name` that stacks `parts`, which get neighbouring places, and returns the
/// stack. Parts that are neighbours already, in this order, stay where they are; parts whose places
/// are taken by somebody else's layout are copied.
TensorId stack_in_place(Graph& graph, const std::string& name, Phase phase,
                        const std::vector<TensorId>& parts);

}  // namespace simdse
