#include "workloads/parallel/stages.h"

#include <algorithm>
#include <map>
#include <set>

#include "workloads/operators/collective.h"
#include "workloads/operators/view.h"
#include "workloads/parallel/influence.h"

namespace simdse {
namespace {

Bytes bytes_of(const Graph& graph, const std::vector<StageTensor>& tensors) {
  Bytes total;
  for (const StageTensor& passing : tensors) total += graph.tensor(passing.tensor).bytes();
  return total;
}

/// Who makes and who reads what, by stage.
class Cutter {
 public:
  Cutter(const Graph& whole, const std::vector<PipelineUnit>& units,
         const std::vector<std::size_t>& first)
      : whole_(whole), is_influenced_(influenced_by_parameters(whole)) {
    for (std::size_t i = 0; i < first.size(); ++i) {
      const std::size_t end = i + 1 < first.size() ? first[i + 1] : units.size();
      for (std::size_t unit = first[i]; unit < end; ++unit) {
        stage_of_.insert(stage_of_.end(),
                         static_cast<std::size_t>(units[unit].end - units[unit].begin),
                         static_cast<int>(i));
      }
    }
    last_reader_.assign(whole.tensors().size(), kNone);
    readers_.resize(whole.tensors().size());
    for (const Operator& op : whole.operators()) {
      has_loss_ = has_loss_ || op.kind->is_loss();
      for (const TensorId input : op.inputs) read(input, stage_of_[op.id]);
    }
    stages_.resize(first.size());
    tensor_in_.resize(first.size());
  }

  std::vector<PipelineStage> cut() {
    for (const Operator& op : whole_.operators()) add(op, stage_of_[op.id]);
    for (std::size_t stage = 0; stage < stages_.size(); ++stage) {
      stages_[stage].has_own_results = !has_loss_;
      pass_on(static_cast<int>(stage));
    }
    return std::move(stages_);
  }

 private:
  /// A view of what is given from outside is taken wherever it is read.
  bool is_given(TensorId tensor) const {
    return whole_.tensor(whole_.tensor(tensor).storage).producer == kNone;
  }

  void read(TensorId tensor, int stage) {
    const OperatorId producer = whole_.tensor(tensor).producer;
    last_reader_[tensor] = std::max(last_reader_[tensor], stage);
    readers_[tensor].insert(stage);
    if (producer == kNone || !is_given(tensor)) return;
    for (const TensorId input : whole_.op(producer).inputs) read(input, stage);
  }

  /// The tensor in the stage's graph.
  TensorId in_stage(TensorId id, int stage) {
    const auto found = tensor_in_[stage].find(id);
    if (found != tensor_in_[stage].end()) return found->second;
    const Tensor& tensor = whole_.tensor(id);
    Graph& graph = stages_[stage].forward;
    if (tensor.producer == kNone) return given(id, stage);
    if (is_given(id)) {
      add(whole_.op(tensor.producer), stage);
      return tensor_in_[stage].at(id);
    }
    const TensorId input =
        graph.add_tensor(tensor.name, tensor.shape, tensor.format, TensorRole::input);
    stages_[stage].inputs.push_back({id, input, is_influenced_[id]});
    return tensor_in_[stage][id] = input;
  }

  TensorId given(TensorId id, int stage) {
    const Tensor& tensor = whole_.tensor(id);
    Graph& graph = stages_[stage].forward;
    TensorId mine = graph.add_tensor(tensor.name, tensor.shape, tensor.format, tensor.role);
    if (tensor.role == TensorRole::parameter && readers_[id].size() > 1) {
      stages_[stage].tied.push_back(tensor.name);
      const TensorId view = graph.add_view(tensor.name + ".tied", tensor.shape, mine);
      graph.add_operator(
          tensor.name + ".tied", Phase::forward,
          std::make_shared<Replicate>(TiedStages(readers_[id].begin(), readers_[id].end())), {mine},
          {view});
      mine = view;
    }
    return tensor_in_[stage][id] = mine;
  }

  void add(const Operator& op, int stage) {
    std::vector<TensorId> inputs;
    for (const TensorId input : op.inputs) inputs.push_back(in_stage(input, stage));
    Graph& graph = stages_[stage].forward;
    const auto first = static_cast<OperatorId>(graph.operators().size());
    if (op.kind->is_view() && inputs.size() > 1) {
      tensor_in_[stage][op.outputs[0]] = stack_in_place(graph, op.name, op.phase, inputs);
    } else {
      std::vector<TensorId> outputs;
      for (const TensorId output : op.outputs) {
        outputs.push_back(add_output(op, inputs, output, graph));
        tensor_in_[stage][output] = outputs.back();
      }
      graph.add_operator(op.name, op.phase, op.kind, std::move(inputs), std::move(outputs));
    }
    for (auto id = first; id < static_cast<OperatorId>(graph.operators().size()); ++id) {
      graph.set_segment(id, op.segment);
    }
  }

  /// One that shares bytes with an input shares them again.
  TensorId add_output(const Operator& op, const std::vector<TensorId>& inputs, TensorId output,
                      Graph& graph) const {
    const Tensor& tensor = whole_.tensor(output);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const Tensor& input = whole_.tensor(op.inputs[i]);
      if (tensor.storage != input.storage) continue;
      return graph.add_view(tensor.name, tensor.shape, inputs[i],
                            tensor.storage_offset - input.storage_offset);
    }
    return graph.add_tensor(tensor.name, tensor.shape, tensor.format, tensor.role);
  }

  /// What later stages read of this stage and those before it.
  void pass_on(int stage) {
    for (std::size_t i = 0; i < whole_.tensors().size(); ++i) {
      const auto id = static_cast<TensorId>(i);
      const OperatorId producer = whole_.tensor(id).producer;
      if (producer == kNone || is_given(id) || stage_of_[producer] > stage) continue;
      if (last_reader_[id] <= stage) continue;
      stages_[stage].outputs.push_back({id, in_stage(id, stage), is_influenced_[id]});
    }
  }

  const Graph& whole_;
  std::vector<bool> is_influenced_;
  std::vector<int> stage_of_;
  std::vector<int> last_reader_;        ///< stage, by tensor
  std::vector<std::set<int>> readers_;  ///< stages, by tensor
  bool has_loss_ = false;
  std::vector<PipelineStage> stages_;
  std::vector<std::map<TensorId, TensorId>> tensor_in_;
};

}  // namespace

std::vector<PipelineUnit> pipeline_units(const Graph& forward) {
  std::vector<int> segments;
  std::set<int> distinct;
  for (const Operator& op : forward.operators()) {
    segments.push_back(op.segment);
    if (op.segment != kNone) distinct.insert(op.segment);
  }
  if (distinct.size() < 2) segments = segments_between_narrow_places(forward);
  std::vector<PipelineUnit> units;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto op = static_cast<OperatorId>(i);
    if (units.empty() || units.back().segment != segments[i])
      units.push_back({op, op, segments[i]});
    units.back().end = op + 1;
  }
  return units;
}

Bytes PipelineStage::bytes_in() const { return bytes_of(forward, inputs); }
Bytes PipelineStage::bytes_out() const { return bytes_of(forward, outputs); }

StepBoundary PipelineStage::boundary() const {
  StepBoundary boundary;
  boundary.has_own_results = has_own_results;
  for (const StageTensor& input : inputs) {
    if (input.has_gradient) boundary.inputs.push_back(input.tensor);
  }
  for (const StageTensor& output : outputs) {
    if (output.has_gradient) boundary.outputs.push_back(output.tensor);
  }
  return boundary;
}

BoundedStep PipelineStage::training_step(const TrainingOptions& options) const {
  return derive_training_step(forward, options, boundary());
}

std::vector<PipelineStage> cut_stages(const Graph& forward, const std::vector<PipelineUnit>& units,
                                      const std::vector<std::size_t>& first) {
  return Cutter(forward, units, first).cut();
}

}  // namespace simdse
