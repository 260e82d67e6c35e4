#include "workloads/update.h"

#include <algorithm>
#include <string>

#include "workloads/operators/main_gradient.h"

namespace simdse {
namespace {

/// Whether the gradient comes out of an exchange of the update phase, through views too.
bool is_exchanged_in_update(const Graph& graph, TensorId gradient) {
  for (;;) {
    const OperatorId producer = graph.tensor(gradient).producer;
    if (producer == kNone) return false;
    const Operator& op = graph.op(producer);
    if (op.phase == Phase::update) return true;
    if (!op.kind->is_view()) return false;
    gradient = op.inputs[0];
  }
}

/// Operators that read the bytes of `owner`, through views too.
std::vector<OperatorId> readers_of(const Graph& graph, TensorId owner) {
  std::vector<OperatorId> readers;
  for (const Tensor& tensor : graph.tensors()) {
    if (tensor.storage != owner) continue;
    for (const OperatorId reader : tensor.consumers) {
      if (!graph.op(reader).kind->is_view()) readers.push_back(reader);
    }
  }
  return readers;
}

class UpdateBuilder {
 public:
  UpdateBuilder(Graph& graph, const std::vector<TrainedParameter>& trained,
                const TrainingOptions& options)
      : graph_(graph), trained_(trained), options_(options) {}

  void build() {
    if (has(UpdatePass::unscale)) rewrite_gradients(UpdatePass::unscale, {});
    if (has(UpdatePass::norm)) sum_squares();
    if (has(UpdatePass::clip)) {
      rewrite_gradients(UpdatePass::clip,
                        norm_ == kNone ? std::vector<TensorId>() : std::vector<TensorId>{norm_});
    }
    for (const TrainedParameter& one : trained_) steps_.push_back(add_step(one));
    if (has(UpdatePass::copy)) copy_masters();
    if (has(UpdatePass::zero)) zero_gradients();
  }

 private:
  bool has(UpdatePass pass) const { return options_.software.has(pass); }

  /// Kernels over many tensors take those along a single axis along: biases and norms.
  bool is_swept(const TrainedParameter& one) const {
    const std::vector<std::int64_t>& shape = graph_.tensor(one.parameter).shape;
    return std::count_if(shape.begin(), shape.end(), [](std::int64_t size) { return size > 1; }) >
           1;
  }

  OperatorId add_pass(const std::string& name, UpdatePass pass, std::vector<TensorId> inputs,
                      TensorId output) {
    return graph_.add_operator(name, Phase::update, std::make_shared<TensorPass>(pass),
                               std::move(inputs), {output});
  }

  void rewrite_gradients(UpdatePass pass, const std::vector<TensorId>& also) {
    for (TrainedParameter& one : trained_) {
      if (!is_swept(one)) continue;
      const Tensor gradient = graph_.tensor(one.gradient);
      const std::string name =
          gradient.name + "." + update_pass_names()[static_cast<std::size_t>(pass)];
      const TensorId next = graph_.add_view(name, gradient.shape, one.gradient);
      std::vector<TensorId> inputs = {one.gradient};
      inputs.insert(inputs.end(), also.begin(), also.end());
      add_pass(name, pass, std::move(inputs), next);
      one.gradient = next;
    }
  }

  /// Each tensor's sum is added to that of those before it.
  void sum_squares() {
    for (const TrainedParameter& one : trained_) {
      if (!is_swept(one)) continue;
      const std::string name = graph_.tensor(one.gradient).name + ".norm";
      std::vector<TensorId> inputs = {one.gradient};
      if (norm_ != kNone) inputs.push_back(norm_);
      norm_ = graph_.add_tensor(name, {1}, options_.formats.state, TensorRole::gradient);
      add_pass(name, UpdatePass::norm, std::move(inputs), norm_);
    }
  }

  OperatorId add_step(const TrainedParameter& one) {
    const OptimizerRule& rule = optimizer_rule(options_.optimizer);
    const Tensor weights = graph_.tensor(one.parameter);
    const bool has_master = weights.format.bits < options_.formats.state.bits;
    const bool is_copied = has(UpdatePass::copy) && has_master && is_swept(one);
    std::vector<TensorId> inputs = {one.gradient};
    std::vector<TensorId> outputs;
    const auto add_state = [&](const std::string& suffix) {
      const TensorId state = graph_.add_tensor(weights.name + suffix, weights.shape,
                                               options_.formats.state, TensorRole::optimizer_state);
      inputs.push_back(state);
      outputs.push_back(graph_.add_view(weights.name + suffix + ".next", weights.shape, state));
    };
    const auto next_weights = [&] {
      return graph_.add_view(weights.name + ".next", weights.shape, one.parameter);
    };
    if (!is_copied) outputs.push_back(next_weights());
    if (has_master) {
      add_state(".master");
    } else {
      inputs.push_back(one.parameter);
    }
    for (int i = 0; i < rule.state_tensors; ++i) add_state(".moment" + std::to_string(i + 1));
    if (is_copied) copies_.push_back({one.parameter, outputs.front()});

    const std::vector<OperatorId> readers = readers_of(graph_, one.parameter);
    const OperatorId step = graph_.add_operator(weights.name + ".update", Phase::update,
                                                std::make_shared<OptimizerStep>(rule),
                                                std::move(inputs), std::move(outputs));
    if (!is_copied) wait_for(step, readers);
    return step;
  }

  void copy_masters() {
    for (const Copy& copy : copies_) {
      const Tensor weights = graph_.tensor(copy.parameter);
      const std::vector<OperatorId> readers = readers_of(graph_, copy.parameter);
      const TensorId next = graph_.add_view(weights.name + ".next", weights.shape, copy.parameter);
      wait_for(add_pass(weights.name + ".copy", UpdatePass::copy, {copy.master}, next), readers);
    }
  }

  void zero_gradients() {
    for (std::size_t i = 0; i < trained_.size(); ++i) {
      if (!is_swept(trained_[i])) continue;
      const Tensor gradient = graph_.tensor(trained_[i].gradient);
      const std::string name = gradient.name + ".zero";
      const TensorId next = graph_.add_view(name, gradient.shape, trained_[i].gradient);
      wait_for(add_pass(name, UpdatePass::zero, {}, next), {steps_[i]});
    }
  }

  void wait_for(OperatorId op, const std::vector<OperatorId>& others) {
    for (const OperatorId other : others) graph_.add_ordering(op, other);
  }

  struct Copy {
    TensorId parameter = kNone;
    TensorId master = kNone;
  };

  Graph& graph_;
  std::vector<TrainedParameter> trained_;
  const TrainingOptions& options_;
  std::vector<OperatorId> steps_;
  std::vector<Copy> copies_;
  TensorId norm_ = kNone;
};

}  // namespace

GradientAccumulation::GradientAccumulation(Graph& graph, std::size_t forward_count,
                                           const Software& software)
    : graph_(graph), software_(software) {
  if (!software.main_gradients) return;
  for (std::size_t id = 0; id < graph.tensors().size(); ++id) {
    const auto parameter = static_cast<TensorId>(id);
    if (!is_trained(graph, parameter)) continue;
    const std::vector<OperatorId>& consumers = graph.tensor(parameter).consumers;
    if (consumers.empty()) continue;
    const OperatorId first = *std::min_element(consumers.begin(), consumers.end());
    if (first < static_cast<OperatorId>(forward_count)) finished_by_[first].push_back(parameter);
  }
}

void GradientAccumulation::finish(OperatorId id, Differentiator& backward) {
  const auto found = finished_by_.find(id);
  if (found == finished_by_.end()) return;
  for (const TensorId parameter : found->second) {
    const TensorId gradient = backward.gradient(parameter);
    if (gradient == kNone || is_exchanged_in_update(graph_, gradient)) continue;
    const Tensor own = graph_.tensor(gradient);
    const Tensor weights = graph_.tensor(parameter);
    const TensorId main =
        graph_.add_tensor(weights.name + ".main_gradient", weights.shape, *software_.main_gradients,
                          TensorRole::parameter_gradient);
    const std::string name = weights.name + ".main_gradient.accumulate";
    const TensorId sum = graph_.add_view(name, weights.shape, main);
    if (graph_.tensor(own.storage).role == TensorRole::parameter_gradient) {
      graph_.set_role(own.storage, TensorRole::gradient);
    }
    const Phase phase = own.producer == kNone ? Phase::gradient : graph_.op(own.producer).phase;
    graph_.add_operator(name, phase, std::make_shared<AccumulateGradient>(), {gradient, main},
                        {sum});
    main_[parameter] = sum;
  }
}

TensorId GradientAccumulation::result(TensorId parameter, Differentiator& backward) const {
  const auto found = main_.find(parameter);
  return found == main_.end() ? backward.gradient(parameter) : found->second;
}

void add_update(Graph& graph, const std::vector<TrainedParameter>& trained,
                const TrainingOptions& options) {
  UpdateBuilder(graph, trained, options).build();
}

}  // namespace simdse
