#include "workloads/parallel/pieces.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <tuple>

#include "workloads/parallel/piece_graph.h"

namespace simdse {
namespace {

class Classifier {
 public:
  explicit Classifier(const BoundedStep& step)
      : graph_(step.graph), is_result_(step.graph.tensors().size()) {
    for (const TensorId made : step.input_gradients) {
      if (made != kNone) is_result_[graph_.tensor(made).storage] = true;
    }
  }

  std::vector<PieceClass> classes() {
    find_classes();
    return std::move(class_);
  }

 private:
  /// A vector operator of the backward pass whose results only weight gradients read is one of
  /// them: sums for biases, padding, what adds gradients of one parameter up.
  void find_classes() {
    class_.resize(graph_.operators().size());
    for (std::size_t i = class_.size(); i-- > 0;) {
      const Operator& op = graph_.operators()[i];
      switch (op.phase) {
        case Phase::forward:
          class_[i] = PieceClass::forward;
          break;
        case Phase::weight_gradient:
          class_[i] = PieceClass::weight_gradient;
          break;
        case Phase::update:
          class_[i] = PieceClass::update;
          break;
        case Phase::gradient:
          class_[i] = is_for_weights(op) ? PieceClass::weight_gradient : PieceClass::input_gradient;
          break;
        default:
          class_[i] = PieceClass::input_gradient;
      }
    }
  }

  bool is_for_weights(const Operator& op) const {
    if (collective_of(op) != nullptr || graph_.work(op.id).contraction) return false;
    return std::all_of(op.outputs.begin(), op.outputs.end(), [&](TensorId output) {
      const Tensor& tensor = graph_.tensor(output);
      if (is_result_[tensor.storage]) return false;
      if (tensor.consumers.empty()) {
        return graph_.tensor(tensor.storage).role == TensorRole::parameter_gradient;
      }
      return std::all_of(tensor.consumers.begin(), tensor.consumers.end(), [&](OperatorId reader) {
        return class_[reader] >= PieceClass::weight_gradient;
      });
    });
  }

  const Graph& graph_;
  std::vector<bool> is_result_;  ///< gradients of the stage's inputs, by owner of bytes
  std::vector<PieceClass> class_;
};

class Cutter {
 public:
  Cutter(const PipelineStage& stage, const BoundedStep& step, PieceBook& book,
         const PieceOptions& options)
      : stage_(stage), step_(step), graph_(step.graph), book_(book), options_(options) {}

  std::vector<StepNode> cut() {
    mark_boundary();
    class_ = piece_classes(step_);
    if (!options_.weights_apart) {
      std::replace(class_.begin(), class_.end(), PieceClass::weight_gradient,
                   PieceClass::input_gradient);
    }
    find_levels();
    find_layers();
    make_nodes();
    connect();
    add_pieces();
    return std::move(nodes_);
  }

 private:
  /// Which sides of the boundary the bytes of a tensor belong to.
  struct Sides {
    bool input = false, output = false, output_gradient = false, input_gradient = false;
  };

  void mark_boundary() {
    sides_.resize(graph_.tensors().size());
    const auto side_of = [&](TensorId tensor) -> Sides& {
      return sides_[graph_.tensor(tensor).storage];
    };
    // The forward graph's tensors have the same ids in the step.
    for (const StageTensor& input : stage_.inputs) side_of(input.tensor).input = true;
    for (const StageTensor& output : stage_.outputs) side_of(output.tensor).output = true;
    for (const TensorId given : step_.output_gradients) side_of(given).output_gradient = true;
    for (const TensorId made : step_.input_gradients) {
      if (made != kNone) side_of(made).input_gradient = true;
    }
  }

  /// The number of collectives before each operator.
  void find_levels() {
    level_.resize(graph_.operators().size());
    for (const Operator& op : graph_.operators()) {
      if (op.kind->is_view()) continue;
      const bool is_update = class_[op.id] == PieceClass::update;
      for (const OperatorId before : graph_.predecessors(op.id)) {
        if (is_update && class_[before] != PieceClass::update) continue;
        const int next = level_[before] + (collective_of(graph_.op(before)) != nullptr ? 1 : 0);
        level_[op.id] = std::max(level_[op.id], next);
      }
    }
  }

  /// Of each operator the number of its layer, counted in the order in which its pass comes to the
  /// layers, and no less than that of an operator of the same pass before it; 0 in the update
  /// phase, or if layers don't count.
  void find_layers() {
    layer_.resize(graph_.operators().size());
    if (!options_.by_layer) return;
    std::vector<int> forward(graph_.operators().size());
    int last = 0;
    int segment = kNone;
    for (const Operator& op : graph_.operators()) {
      if (op.phase != Phase::forward) break;
      if (op.kind->is_view()) continue;
      if (op.segment != segment) ++last;
      segment = op.segment;
      forward[op.id] = last;
    }
    for (const Operator& op : graph_.operators()) {
      if (op.kind->is_view() || class_[op.id] == PieceClass::update) continue;
      const bool is_forward = class_[op.id] == PieceClass::forward;
      if (is_forward) layer_[op.id] = forward[op.id];
      if (!is_forward && op.forward != kNone && forward[op.forward] > 0) {
        layer_[op.id] = last - forward[op.forward];
      }
      for (const OperatorId before : graph_.predecessors(op.id)) {
        if ((class_[before] == PieceClass::forward) != is_forward) continue;
        layer_[op.id] = std::max(layer_[op.id], layer_[before]);
      }
    }
  }

  void make_nodes() {
    // Of one class, level and layer, compute comes first.
    using Key = std::tuple<PieceClass, int, int, bool, int, TiedStages>;
    std::map<Key, StepNode> nodes;
    for (const Operator& op : graph_.operators()) {
      if (op.kind->is_view()) continue;
      const Collective* collective = collective_of(op);
      int which = 0;
      if (collective != nullptr) {
        const bool goes_together = op.phase == Phase::update;
        which = goes_together ? -1 - static_cast<int>(collective->operation()) : op.id;
      }
      const TiedStages group = collective != nullptr ? collective->tied_stages() : TiedStages();
      StepNode& node =
          nodes[{class_[op.id], level_[op.id], layer_[op.id], collective != nullptr, which, group}];
      if (node.operators.empty()) node.name = op.name;
      node.piece_class = class_[op.id];
      node.operators.push_back(op.id);
      if (collective == nullptr) continue;
      node.op = collective->operation();
      node.group = collective->group();
      node.tied_stages = collective->tied_stages();
      node.ranks = collective->ranks();
      node.bytes += graph_.tensor(op.inputs[0]).bytes();
    }
    for (auto& [key, node] : nodes) nodes_.push_back(std::move(node));
    node_of_.assign(graph_.operators().size(), 0);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      for (const OperatorId op : nodes_[i].operators) node_of_[op] = i;
    }
  }

  void connect() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      StepNode& node = nodes_[i];
      std::set<std::size_t> after;
      for (const OperatorId id : node.operators) {
        for (const OperatorId before : graph_.predecessors(id)) {
          if (node_of_[before] != i) after.insert(node_of_[before]);
        }
        for (const TensorId input : graph_.op(id).inputs) {
          const Sides& sides = sides_[graph_.tensor(input).storage];
          node.reads_input = node.reads_input || sides.input;
          node.reads_output_gradient = node.reads_output_gradient || sides.output_gradient;
        }
        for (const TensorId output : graph_.op(id).outputs) {
          const Sides& sides = sides_[graph_.tensor(output).storage];
          node.makes_output = node.makes_output || sides.output;
          node.makes_input_gradient = node.makes_input_gradient || sides.input_gradient;
        }
      }
      if (!after.empty() && *after.rbegin() > i) {
        throw std::logic_error("piece '" + node.name + "' needs a later one");
      }
      node.after.assign(after.begin(), after.end());
    }
  }

  void add_pieces() {
    // Bytes that are read in another node than the one that made them, or outside.
    std::vector<std::set<std::size_t>> touched(graph_.tensors().size());
    for (const Operator& op : graph_.operators()) {
      if (op.kind->is_view()) continue;
      for (const auto& tensors : {op.inputs, op.outputs}) {
        for (const TensorId tensor : tensors) {
          touched[graph_.tensor(tensor).storage].insert(node_of_[op.id]);
        }
      }
    }
    std::vector<bool> wanted(graph_.tensors().size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      wanted[i] = touched[i].size() > 1 || sides_[i].output || sides_[i].input_gradient;
    }
    for (StepNode& node : nodes_) {
      if (collective_of(graph_.op(node.operators.front())) != nullptr) continue;
      node.piece = book_.add(take_out(graph_, node.operators, wanted));
    }
  }

  const PipelineStage& stage_;
  const BoundedStep& step_;
  const Graph& graph_;
  PieceBook& book_;
  const PieceOptions& options_;
  std::vector<Sides> sides_;  ///< by owner of bytes
  std::vector<PieceClass> class_;
  std::vector<int> level_;
  std::vector<int> layer_;
  std::vector<StepNode> nodes_;
  std::vector<std::size_t> node_of_;
};

}  // namespace

std::vector<PieceClass> piece_classes(const BoundedStep& step) {
  return Classifier(step).classes();
}

std::string structure_text(const Graph& graph) {
  std::string text;
  const auto put = [&](auto&&... values) {
    (fmt::format_to(std::back_inserter(text), "{} ", std::forward<decltype(values)>(values)), ...);
  };
  for (const Tensor& tensor : graph.tensors()) {
    put("t", tensor.format.name, fmt::join(tensor.shape, "x"), role_name(tensor.role),
        tensor.storage, tensor.storage_offset.value());
    text += '\n';
  }
  for (const Operator& op : graph.operators()) {
    const Work work = graph.work(op.id);
    put(op.kind->name(), phase_name(op.phase), fmt::join(op.inputs, ","),
        fmt::join(op.outputs, ","), fmt::join(op.after, ","));
    if (work.contraction) {
      put("c", work.contraction->batch, work.contraction->m, work.contraction->n,
          work.contraction->k);
    }
    for (const FollowUp& f : work.follow_ups) {
      put("f", static_cast<int>(f.rows), static_cast<int>(f.columns), static_cast<int>(f.sum));
    }
    if (work.vector) {
      const VectorShape& v = *work.vector;
      put("v", v.rows, v.columns, v.alu_ops, v.special_ops, v.reductions, v.passes);
    }
    for (const Bytes bytes : work.read) put(bytes.value());
    for (const Bytes bytes : work.written) put(bytes.value());
    text += '\n';
  }
  return text;
}

int PieceBook::add(Graph piece) {
  const auto [entry, is_new] =
      known_.try_emplace(structure_text(piece), static_cast<int>(pieces_.size()));
  if (is_new) pieces_.push_back(std::move(piece));
  return entry->second;
}

std::vector<StepNode> cut_into_pieces(const PipelineStage& stage, const BoundedStep& step,
                                      PieceBook& book, const PieceOptions& options) {
  return Cutter(stage, step, book, options).cut();
}

}  // namespace simdse
