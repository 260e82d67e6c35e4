#include "workloads/differentiator.h"

#include "workloads/operators/elementwise.h"

namespace simdse {

Differentiator::Differentiator(Graph& graph, NumberFormat format)
    : graph_(graph),
      format_(std::move(format)),
      needs_gradient_(graph.tensors().size()),
      gradient_(graph.tensors().size(), kNone),
      recomputed_(graph.tensors().size(), kNone) {
  for (std::size_t id = 0; id < graph.tensors().size(); ++id) {
    needs_gradient_[id] = graph.tensors()[id].role == TensorRole::parameter;
  }
  for (const Operator& op : graph.operators()) {
    for (const TensorId input : op.inputs) {
      if (!needs_gradient_[input]) continue;
      for (const TensorId output : op.outputs) needs_gradient_[output] = true;
    }
  }
}

TensorId Differentiator::gradient(TensorId tensor) const { return gradient_[tensor]; }

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
  const std::string name = graph_.op(graph_.tensor(contribution).producer).name + ".accumulate";
  const TensorId total = new_gradient(name, tensor);
  graph_.add_operator(name, Phase::gradient, elementwise_kind("add"), {sum, contribution}, {total});
  sum = total;
}

namespace {

/// "layer0.ffn1.forward" -> "layer0.ffn1".
std::string base_name(const std::string& name) {
  const std::string suffix = ".forward";
  const bool has_suffix = name.size() > suffix.size() &&
                          name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
  return has_suffix ? name.substr(0, name.size() - suffix.size()) : name;
}

}  // namespace

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

TensorId Differentiator::saved(TensorId forward_tensor) const {
  const TensorId again = recomputed_[forward_tensor];
  return again == kNone ? forward_tensor : again;
}

void Differentiator::set_recomputed(TensorId forward_tensor, TensorId recomputed) {
  recomputed_[forward_tensor] = recomputed;
}

}  // namespace simdse
