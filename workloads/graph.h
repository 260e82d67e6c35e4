// The training graph: operators in an order in which they could run, and the tensors between them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "workloads/operator.h"
#include "workloads/tensor.h"

namespace simdse {

/// A graph only grows; ids are indices and stay valid. Operators stand in a topological order,
/// because an operator can only be added once its inputs exist.
class Graph {
 public:
  TensorId add_tensor(std::string name, Shape shape, NumberFormat format, TensorRole role);

  /// A tensor that shares the bytes of `of`, from `offset` on. Costs no memory.
  TensorId add_view(std::string name, Shape shape, TensorId of, Bytes offset = Bytes(0));

  /// Makes `parts` occupy the bytes of `whole` one after another from its begin on. What already
  /// shares bytes with a part moves along with it.
  void place_inside(const std::vector<TensorId>& parts, TensorId whole);

  /// Adds an operator; every output must have no producer yet.
  OperatorId add_operator(std::string name, Phase phase, std::shared_ptr<const OperatorKind> kind,
                          std::vector<TensorId> inputs, std::vector<TensorId> outputs);

  void add_ordering(OperatorId op, OperatorId after);
  void rename_operator(OperatorId op, std::string name) { operators_[op].name = std::move(name); }
  void set_role(TensorId tensor, TensorRole role) { tensors_[tensor].role = role; }
  void set_segment(OperatorId op, int segment) { operators_[op].segment = segment; }
  void set_forward(OperatorId op, OperatorId forward) { operators_[op].forward = forward; }

  const Tensor& tensor(TensorId id) const { return tensors_[id]; }
  const Operator& op(OperatorId id) const { return operators_[id]; }
  const std::vector<Tensor>& tensors() const { return tensors_; }
  const std::vector<Operator>& operators() const { return operators_; }

  Work work(OperatorId id) const { return op(id).kind->work(*this, op(id)); }

  /// Operators that must be done before `id` starts: makers of its inputs, seen through views, and
  /// its orderings. Ascending, without repetition, never a view.
  std::vector<OperatorId> predecessors(OperatorId id) const;

  /// The operator of that name; throws std::out_of_range.
  OperatorId find_operator(const std::string& name) const;

 private:
  std::vector<Tensor> tensors_;
  std::vector<Operator> operators_;
};

}  // namespace simdse
