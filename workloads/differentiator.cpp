#include "workloads/differentiator.h"

#include "workloads/operators/elementwise.h"
#include "workloads/operators/movement.h"
#include "workloads/operators/view.h"

namespace simdse {
namespace {

/// "layer0.ffn1.forward" -> "layer0.ffn1".
std::string base_name(const std::string& name) {
  const std::string suffix = ".forward";
  const bool has_suffix = name.size() > suffix.size() &&
                          name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
  return has_suffix ? name.substr(0, name.size() - suffix.size()) : name;
}

}  // namespace

Differentiator::Differentiator(Graph& graph, NumberFormat format, std::vector<int> recomputation,
                               const std::vector<TensorId>& wanted)
    : graph_(graph),
      format_(std::move(format)),
      needs_gradient_(graph.tensors().size()),
      gradient_(graph.tensors().size(), kNone),
      recomputation_(std::move(recomputation)),
      recomputed_(graph.tensors().size(), kNone) {
  for (std::size_t id = 0; id < graph.tensors().size(); ++id) {
    needs_gradient_[id] = graph.tensors()[id].role == TensorRole::parameter;
  }
  for (const TensorId tensor : wanted) needs_gradient_[tensor] = true;
  for (std::size_t id = 0; id < recomputation_.size(); ++id) {
    if (recomputation_[id] != kNone)
      members_[recomputation_[id]].push_back(static_cast<OperatorId>(id));
  }
  for (const Operator& op : graph.operators()) {
    for (const TensorId input : op.inputs) {
      if (!needs_gradient_[input]) continue;
      for (const TensorId output : op.outputs) needs_gradient_[output] = true;
    }
  }
}

TensorId Differentiator::gradient(TensorId tensor) {
  join_entries(tensor);
  return gradient_[tensor];
}

TensorId Differentiator::new_gradient(const std::string& name, TensorId of) {
  const Tensor& tensor = graph_.tensor(of);
  const TensorRole role =
      tensor.role == TensorRole::parameter ? TensorRole::parameter_gradient : TensorRole::gradient;
  return graph_.add_tensor(name, tensor.shape, format_, role);
}

void Differentiator::contribute(TensorId tensor, TensorId contribution) {
  TensorId& sum = gradient_[tensor];
  if (sum == kNone) {
    sum = contribution;
    return;
  }
  const std::string name = graph_.tensor(contribution).name + ".accumulate";
  // Only bytes that nobody else reads may be added to in place.
  const Tensor& owner = graph_.tensor(graph_.tensor(sum).storage);
  if (graph_.tensor(tensor).role != TensorRole::parameter ||
      owner.role != TensorRole::parameter_gradient || owner.bytes() != graph_.tensor(sum).bytes()) {
    sum = add_up(name, sum, contribution, tensor);
    return;
  }
  // A parameter has one gradient, to which the others are added; they are there until then.
  const TensorId added = graph_.tensor(contribution).storage;
  if (graph_.tensor(added).role == TensorRole::parameter_gradient) {
    graph_.set_role(added, TensorRole::gradient);
  }
  const TensorId total = graph_.add_view(name, graph_.tensor(tensor).shape, sum);
  graph_.add_operator(name, Phase::gradient, elementwise_kind("add"), {sum, contribution}, {total});
  sum = total;
}

TensorId Differentiator::add_up(const std::string& name, TensorId x, TensorId y, TensorId of) {
  const TensorId total = new_gradient(name, of);
  graph_.add_operator(name, Phase::gradient, elementwise_kind("add"), {x, y}, {total});
  return total;
}

void Differentiator::contribute_entry(const Operator& select, std::int64_t index,
                                      TensorId contribution) {
  Entries& entries = entries_[select.inputs[0]];
  entries.select = select.id;
  const auto [place, is_new] = entries.gradients.try_emplace(index, contribution);
  if (is_new) return;
  const std::string name = base_name(select.name) + ".accumulate";
  place->second = add_up(name, place->second, contribution, select.outputs[0]);
}

void Differentiator::join_entries(TensorId tensor) {
  const auto found = entries_.find(tensor);
  if (found == entries_.end()) return;
  const Entries entries = std::move(found->second);
  entries_.erase(found);
  const Operator select = graph_.op(entries.select);
  const Shape whole = graph_.tensor(tensor).shape;
  if (static_cast<std::int64_t>(entries.gradients.size()) == whole[0]) {
    std::vector<TensorId> parts;
    for (const auto& [index, part] : entries.gradients) parts.push_back(part);
    const TensorId stack =
        stack_in_place(graph_, base_name(select.name) + ".gradient", Phase::gradient, parts);
    graph_.set_forward(graph_.tensor(stack).producer, select.id);
    contribute(tensor, stack);
    return;
  }
  for (const auto& [index, part] : entries.gradients) {
    const std::string suffix = ".entry" + std::to_string(index) + "_gradient";
    Shape shape = whole;
    shape[0] = 1;
    const TensorId row = graph_.add_view(base_name(select.name) + suffix, shape, part);
    graph_.add_operator(graph_.tensor(row).name, Phase::gradient, std::make_shared<Reshape>(),
                        {part}, {row});
    Shape starts(whole.size(), 0);
    starts[0] = index;
    contribute(tensor, add(select, suffix.substr(1) + "_padded", Phase::gradient,
                           std::make_shared<Pad>(std::move(starts)), {row}, tensor));
  }
}

std::vector<TensorId> Differentiator::add(const Operator& forward, const std::string& suffix,
                                          Phase phase, std::shared_ptr<const OperatorKind> kind,
                                          std::vector<TensorId> inputs,
                                          const std::vector<TensorId>& like) {
  const std::string name = base_name(forward.name) + "." + suffix;
  std::vector<TensorId> outputs;
  for (std::size_t i = 0; i < like.size(); ++i) {
    outputs.push_back(new_gradient(i == 0 ? name : name + "." + std::to_string(i), like[i]));
  }
  const OperatorId op =
      graph_.add_operator(name, phase, std::move(kind), std::move(inputs), outputs);
  graph_.set_forward(op, forward.id);
  return outputs;
}

TensorId Differentiator::add(const Operator& forward, const std::string& suffix, Phase phase,
                             std::shared_ptr<const OperatorKind> kind, std::vector<TensorId> inputs,
                             TensorId of) {
  return add(forward, suffix, phase, std::move(kind), std::move(inputs), std::vector<TensorId>{of})
      .front();
}

void Differentiator::differentiate(OperatorId id) {
  const Operator op = graph_.op(id);  // a copy: the graph grows
  TensorId arrived = kNone;
  for (const TensorId output : op.outputs) {
    if (gradient(output) != kNone) arrived = gradient_[output];
  }
  if (arrived == kNone && !op.kind->is_loss()) return;
  arrival_ = arrived == kNone ? id : graph_.tensor(arrived).producer;
  op.kind->differentiate(*this, op);
}

TensorId Differentiator::saved(TensorId forward_tensor) {
  const OperatorId producer = graph_.tensor(forward_tensor).producer;
  if (producer == kNone || producer >= static_cast<OperatorId>(recomputation_.size()) ||
      recomputation_[producer] == kNone) {
    return forward_tensor;
  }
  if (recomputed_[forward_tensor] == kNone) recompute(recomputation_[producer]);
  return recomputed_[forward_tensor];
}

void Differentiator::recompute(int group) {
  for (const OperatorId id : members_[group]) {
    const Operator op = graph_.op(id);  // a copy: the graph grows
    op.kind->is_view() ? recompute_view(op) : recompute(op);
  }
}

void Differentiator::recompute(const Operator& op) {
  const std::string name = base_name(op.name) + ".recompute";
  bool is_first = true;  // reads nothing that is recomputed
  std::vector<TensorId> inputs;
  for (const TensorId input : op.inputs) {
    inputs.push_back(saved(input));
    is_first = is_first && inputs.back() == input;
  }
  std::vector<TensorId> outputs;
  for (const TensorId output : op.outputs) {
    const Tensor tensor = graph_.tensor(output);
    outputs.push_back(graph_.add_tensor(tensor.name + ".recompute", tensor.shape, tensor.format,
                                        TensorRole::activation));
    recomputed_[output] = outputs.back();
  }
  const OperatorId again =
      graph_.add_operator(name, Phase::recompute, op.kind, std::move(inputs), std::move(outputs));
  graph_.set_forward(again, op.id);
  if (is_first && arrival_ != kNone) graph_.add_ordering(again, arrival_);
}

void Differentiator::recompute_view(const Operator& op) {
  const std::string name = base_name(op.name) + ".recompute";
  std::vector<TensorId> inputs;
  for (const TensorId input : op.inputs) inputs.push_back(saved(input));
  const Tensor output = graph_.tensor(op.outputs[0]);
  if (inputs.size() > 1) {
    recomputed_[op.outputs[0]] = stack_in_place(graph_, name, Phase::recompute, inputs);
  } else {
    const Bytes offset = output.storage_offset - graph_.tensor(op.inputs[0]).storage_offset;
    const TensorId view = graph_.add_view(name, output.shape, inputs[0], offset);
    graph_.add_operator(name, Phase::recompute, op.kind, inputs, {view});
    recomputed_[op.outputs[0]] = view;
  }
  graph_.set_forward(graph_.tensor(recomputed_[op.outputs[0]]).producer, op.id);
}

}  // namespace simdse
