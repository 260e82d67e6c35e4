#include "workloads/graph.h"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace simdse {

const char* role_name(TensorRole role) {
  switch (role) {
    case TensorRole::input:
      return "input";
    case TensorRole::parameter:
      return "parameter";
    case TensorRole::activation:
      return "activation";
    case TensorRole::gradient:
      return "gradient";
    case TensorRole::parameter_gradient:
      return "parameter_gradient";
    case TensorRole::optimizer_state:
      return "optimizer_state";
  }
  return "";
}

const char* phase_name(Phase phase) {
  switch (phase) {
    case Phase::forward:
      return "forward";
    case Phase::recompute:
      return "recompute";
    case Phase::gradient:
      return "gradient";
    case Phase::input_gradient:
      return "input_gradient";
    case Phase::weight_gradient:
      return "weight_gradient";
    case Phase::update:
      return "update";
  }
  return "";
}

Bytes Work::bytes_read() const { return std::accumulate(read.begin(), read.end(), Bytes(0)); }

Bytes Work::bytes_written() const {
  return std::accumulate(written.begin(), written.end(), Bytes(0));
}

void OperatorKind::differentiate(Differentiator&, const Operator& op) const {
  throw std::logic_error("operator '" + op.name + "' of kind " + name() + " has no gradient");
}

TensorId Graph::add_tensor(std::string name, Shape shape, NumberFormat format, TensorRole role) {
  Tensor tensor;
  tensor.name = std::move(name);
  tensor.shape = std::move(shape);
  tensor.format = std::move(format);
  tensor.role = role;
  tensor.storage = static_cast<TensorId>(tensors_.size());
  tensors_.push_back(std::move(tensor));
  return tensors_.back().storage;
}

TensorId Graph::add_view(std::string name, Shape shape, TensorId of, Bytes offset) {
  const TensorId view =
      add_tensor(std::move(name), std::move(shape), tensors_[of].format, tensors_[of].role);
  tensors_[view].storage = tensors_[of].storage;
  tensors_[view].storage_offset = tensors_[of].storage_offset + offset;
  return view;
}

void Graph::place_inside(const std::vector<TensorId>& parts, TensorId whole) {
  const TensorId owner = tensors_[whole].storage;
  Bytes offset = tensors_[whole].storage_offset;
  std::map<TensorId, Bytes> shifts;  // by old owner
  for (const TensorId part : parts) {
    shifts[tensors_[part].storage] = offset - tensors_[part].storage_offset;
    offset += tensors_[part].bytes();
  }
  for (Tensor& tensor : tensors_) {
    const auto shift = shifts.find(tensor.storage);
    if (shift == shifts.end()) continue;
    tensor.storage = owner;
    tensor.storage_offset += shift->second;
  }
}

OperatorId Graph::add_operator(std::string name, Phase phase,
                               std::shared_ptr<const OperatorKind> kind,
                               std::vector<TensorId> inputs, std::vector<TensorId> outputs) {
  const auto id = static_cast<OperatorId>(operators_.size());
  Operator op;
  op.id = id;
  op.name = std::move(name);
  op.phase = phase;
  op.kind = std::move(kind);
  op.inputs = std::move(inputs);
  op.outputs = std::move(outputs);
  for (const TensorId input : op.inputs) {
    std::vector<OperatorId>& consumers = tensors_[input].consumers;
    if (consumers.empty() || consumers.back() != id) consumers.push_back(id);
  }
  for (const TensorId output : op.outputs) {
    if (tensors_[output].producer != kNone) {
      throw std::logic_error("tensor '" + tensors_[output].name + "' has two producers");
    }
    tensors_[output].producer = id;
  }
  operators_.push_back(std::move(op));
  return id;
}

void Graph::add_ordering(OperatorId op, OperatorId after) {
  if (after >= op) throw std::logic_error("an operator can only follow an earlier one");
  operators_[op].after.push_back(after);
}

std::vector<OperatorId> Graph::predecessors(OperatorId id) const {
  std::vector<OperatorId> result;
  std::vector<OperatorId> views;
  const auto visit = [&](OperatorId op) {
    for (const TensorId input : operators_[op].inputs) {
      const OperatorId producer = tensors_[input].producer;
      if (producer == kNone) continue;
      (operators_[producer].kind->is_view() ? views : result).push_back(producer);
    }
    for (const OperatorId after : operators_[op].after) {
      (operators_[after].kind->is_view() ? views : result).push_back(after);
    }
  };
  visit(id);
  while (!views.empty()) {
    const OperatorId view = views.back();
    views.pop_back();
    visit(view);
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

OperatorId Graph::find_operator(const std::string& name) const {
  for (const Operator& op : operators_) {
    if (op.name == name) return op.id;
  }
  throw std::out_of_range("no operator '" + name + "'");
}

}  // namespace simdse
