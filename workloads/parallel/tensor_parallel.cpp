#include "workloads/parallel/tensor_parallel.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "models/base/error.h"
#include "workloads/operators/collective.h"
#include "workloads/operators/embedding.h"
#include "workloads/operators/loss.h"
#include "workloads/operators/view.h"
#include "workloads/operators/vocabulary.h"
#include "workloads/parallel/operator_axes.h"
#include "workloads/parallel/sharded_tensors.h"
#include "workloads/parallel/split_outlook.h"

namespace simdse {
namespace {

constexpr int kWhole = OperatorAxes::kWhole;
/// Rows for each chip from which on a table is split. An assumption: smaller ones (BERT has two
/// types of tokens) are not worth an exchange. No source.
constexpr std::int64_t kMinTableRows = 8;

class Sharder {
 public:
  Sharder(const Graph& forward, const TensorParallelOptions& options)
      : forward_(forward), options_(options), tensors_(forward, options) {}

  Graph shard() {
    for (const Operator& op : forward_.operators()) {
      const auto first = static_cast<OperatorId>(tensors_.graph().operators().size());
      shard(op);
      const auto end = static_cast<OperatorId>(tensors_.graph().operators().size());
      for (OperatorId id = first; id < end; ++id) tensors_.graph().set_segment(id, op.segment);
    }
    if (!tensors_.has_split_parameter()) {
      throw InputError(fmt::format(
          "tensor parallelism of degree {} finds no weights that it could split", options_.degree));
    }
    return std::move(tensors_.graph());
  }

 private:
  void shard(const Operator& op) {
    if (dynamic_cast<const CrossEntropy*>(op.kind.get()) != nullptr && has_split_rows(op)) {
      return add_vocabulary_loss(op);
    }
    if (is_table_split(op)) return add_vocabulary_embedding(op);
    const std::optional<OperatorAxes> axes = operator_axes(forward_, op);
    if (!axes) {
      throw InputError(
          fmt::format("tensor parallelism has no rule for operator '{}' of kind {}: this network "
                      "can be split by pipeline stages and by data only",
                      printable(op.name), op.kind->name()));
    }
    add(op, *axes, choose(op, *axes));
  }

  /// What the chips share out of an operator.
  struct Choice {
    int label = kWhole;        ///< of the axis, kWhole: each does all of it
    bool is_sequence = false;  ///< the axis is split by sequence parallelism
  };

  Choice choose(const Operator& op, const OperatorAxes& axes) {
    const std::optional<WeightProduct> product = weight_product(forward_, op);
    Choice choice;
    bool has_choice = false;
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
      const ShardLayout layout = tensors_.layout(op.inputs[i]);
      if (layout.kind != ShardLayout::Kind::split) continue;
      const int label = axes.inputs[i][layout.axis];
      const bool is_gathered = product && i == product->x && layout.is_sequence;
      if (is_gathered) continue;
      if (label == kWhole || (has_choice && label != choice.label)) return {};
      choice = {label, layout.is_sequence};
      has_choice = true;
    }
    if (has_choice) return choice;
    if (product) return choose_column(op, *product);
    return options_.sequence_parallel ? choose_sequence(op, axes) : Choice{};
  }

  Choice choose_column(const Operator& op, const WeightProduct& product) {
    const TensorId weight = op.inputs[product.weight];
    if (tensors_.is_used(weight)) return {};  // whole, by an earlier reader
    const std::optional<ColumnSplit> split = column_split(forward_, op, product, options_.degree);
    if (!split) return {};
    const Tensor& tensor = forward_.tensor(weight);
    const std::int64_t size = tensor.shape[split->weight_axis];
    if (split->meaning == SplitMeaning::vocabulary) {
      tensors_.allow_padding(weight, split->weight_axis);
    } else if (size % options_.degree != 0) {
      throw InputError(fmt::format(
          "tensor parallelism: the degree {} does not divide the {} {} of '{}' (axis {} of [{}])",
          options_.degree, size, split_meaning_name(split->meaning), printable(tensor.name),
          split->weight_axis, fmt::join(tensor.shape, ", ")));
    }
    return {split->label, false};
  }

  /// What is given from outside can come in parts of the sequence: an activation, or the ids of an
  /// embedding.
  Choice choose_sequence(const Operator& op, const OperatorAxes& axes) const {
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
      const Tensor& tensor = forward_.tensor(op.inputs[i]);
      if (tensor.role != TensorRole::input || tensor.producer != kNone) continue;
      const std::size_t rank = tensor.shape.size();
      const bool is_embedding = dynamic_cast<const Embedding*>(op.kind.get()) != nullptr;
      if (is_embedding && i == 0) return {axes.inputs[0].back(), true};
      if (!is_embedding && rank >= 3) return {axes.inputs[i][rank - 2], true};
    }
    return {};
  }

  /// An axis that is a padded vocabulary in one tensor of an operator is one in all.
  void pass_padding_on(const Operator& op, const OperatorAxes& axes, int label) {
    if (label == kWhole) return;
    std::vector<std::pair<TensorId, std::size_t>> along;
    bool is_padded = false;
    const auto note = [&](TensorId tensor, const OperatorAxes::Labels& labels) {
      const int place = OperatorAxes::find(labels, label);
      if (place < 0) return;
      along.emplace_back(tensor, static_cast<std::size_t>(place));
      is_padded = is_padded || tensors_.is_padded(tensor, static_cast<std::size_t>(place));
    };
    for (std::size_t i = 0; i < op.inputs.size(); ++i) note(op.inputs[i], axes.inputs[i]);
    for (std::size_t i = 0; i < op.outputs.size(); ++i) note(op.outputs[i], axes.outputs[i]);
    if (!is_padded) return;
    for (const auto& [tensor, axis] : along) tensors_.allow_padding(tensor, axis);
  }

  void add(const Operator& op, const OperatorAxes& axes, Choice choice) {
    pass_padding_on(op, axes, choice.label);
    std::vector<TensorId> inputs;
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
      const int place = OperatorAxes::find(axes.inputs[i], choice.label);
      const ShardLayout layout = place >= 0 ? ShardLayout::split(place, choice.is_sequence)
                                 : choice.label == kWhole ? ShardLayout::replicated()
                                                          : ShardLayout::varying();
      inputs.push_back(tensors_.version(op.inputs[i], layout));
    }
    if (op.kind->is_view()) return add_view(op, axes, choice, inputs);
    if (choice.label != kWhole && OperatorAxes::find(axes.outputs[0], choice.label) < 0) {
      return add_sum(op, inputs);
    }
    std::vector<TensorId> outputs;
    for (std::size_t i = 0; i < op.outputs.size(); ++i) {
      outputs.push_back(tensors_.define(op.outputs[i], layout_of(axes.outputs[i], choice)));
    }
    tensors_.graph().add_operator(op.name, op.phase, op.kind, std::move(inputs),
                                  std::move(outputs));
  }

  static ShardLayout layout_of(const OperatorAxes::Labels& labels, Choice choice) {
    const int place = OperatorAxes::find(labels, choice.label);
    return place < 0 ? ShardLayout::replicated() : ShardLayout::split(place, choice.is_sequence);
  }

  void add_view(const Operator& op, const OperatorAxes& axes, Choice choice,
                const std::vector<TensorId>& inputs) {
    Graph& graph = tensors_.graph();
    const ShardLayout layout = layout_of(axes.outputs[0], choice);
    if (dynamic_cast<const Stack*>(op.kind.get()) != nullptr) {
      tensors_.adopt(op.outputs[0], layout, stack_in_place(graph, op.name, op.phase, inputs));
      return;
    }
    Bytes offset(0);
    if (const auto* select = dynamic_cast<const Select*>(op.kind.get())) {
      const Tensor& whole = graph.tensor(inputs[0]);
      offset = whole.format.bytes(whole.elements() / whole.shape[0]) * select->index();
    }
    const Tensor& original = forward_.tensor(op.outputs[0]);
    const Shape shape = tensors_.local_shape(op.outputs[0], layout);
    const TensorId view = graph.add_view(original.name, shape, inputs[0], offset);
    graph.add_operator(op.name, op.phase, op.kind, inputs, {view});
    tensors_.adopt(op.outputs[0], layout, view);
  }

  /// A sum over a split axis: each chip makes a part of the sum.
  void add_sum(const Operator& op, const std::vector<TensorId>& inputs) {
    const Tensor& original = forward_.tensor(op.outputs[0]);
    Graph& graph = tensors_.graph();
    const TensorId part = graph.add_tensor(original.name + ".part", original.shape, original.format,
                                           TensorRole::activation);
    graph.add_operator(op.name, op.phase, op.kind, inputs, {part});
    reduce(op.outputs[0], part);
  }

  /// Makes `original` of its parts of a sum.
  void reduce(TensorId original, TensorId part) {
    Graph& graph = tensors_.graph();
    const Tensor& tensor = forward_.tensor(original);
    const std::size_t rank = tensor.shape.size();
    if (options_.sequence_parallel && rank >= 2) {
      const std::size_t axis = rank - 2;
      const TensorId reduced = tensors_.define(original, ShardLayout::split(axis, true));
      graph.add_operator(tensor.name + ".reduce_scatter", Phase::forward,
                         std::make_shared<Collective>(CollectiveOp::reduce_scatter, options_.degree,
                                                      axis, CollectiveGradient::all_gather),
                         {part}, {reduced});
      return;
    }
    tensors_.adopt(original, ShardLayout::replicated(),
                   all_reduce(tensor.name, part, CollectiveGradient::identity));
  }

  TensorId all_reduce(const std::string& name, TensorId part, CollectiveGradient gradient,
                      CollectiveReduction reduction = CollectiveReduction::sum) {
    Graph& graph = tensors_.graph();
    const TensorId reduced = graph.add_view(name, graph.tensor(part).shape, part);
    graph.add_operator(name + ".all_reduce", Phase::forward,
                       std::make_shared<Collective>(CollectiveOp::all_reduce, options_.degree, 0,
                                                    gradient, reduction),
                       {part}, {reduced});
    return reduced;
  }

  bool is_table_split(const Operator& op) const {
    if (dynamic_cast<const Embedding*>(op.kind.get()) == nullptr) return false;
    const TensorId table = op.inputs[1];
    const Tensor& tensor = forward_.tensor(table);
    if (tensor.role != TensorRole::parameter || tensor.producer != kNone) return false;
    if (tensors_.is_used(table)) return tensors_.layout(table) == ShardLayout::split(0, false);
    return forward_.tensor(op.inputs[0]).shape.size() >= 2 &&
           tensor.shape[0] >= kMinTableRows * options_.degree;
  }

  void add_vocabulary_embedding(const Operator& op) {
    const Tensor& original = forward_.tensor(op.outputs[0]);
    tensors_.allow_padding(op.inputs[1], 0);
    const TensorId ids = tensors_.version(op.inputs[0], ShardLayout::replicated());
    const TensorId table = tensors_.version(op.inputs[1], ShardLayout::split(0, false));
    Graph& graph = tensors_.graph();
    const TensorId part = graph.add_tensor(original.name + ".part", original.shape, original.format,
                                           TensorRole::activation);
    graph.add_operator(op.name, op.phase, std::make_shared<VocabularyEmbedding>(options_.degree),
                       {ids, table}, {part});
    reduce(op.outputs[0], part);
  }

  bool has_split_rows(const Operator& op) const {
    const ShardLayout layout = tensors_.layout(op.inputs[0]);
    return layout.kind == ShardLayout::Kind::split &&
           layout.axis + 1 == forward_.tensor(op.inputs[0]).shape.size();
  }

  void add_vocabulary_loss(const Operator& op) {
    Graph& graph = tensors_.graph();
    const TensorId logits = tensors_.version(op.inputs[0], tensors_.layout(op.inputs[0]));
    const TensorId labels = tensors_.version(op.inputs[1], ShardLayout::replicated());
    const NumberFormat format = number_format("fp32");
    Shape rows = graph.tensor(labels).shape;
    const auto per_row = [&](const std::string& suffix, std::shared_ptr<const OperatorKind> kind,
                             std::vector<TensorId> inputs, CollectiveReduction reduction) {
      const std::string name = op.name + suffix;
      const TensorId part = graph.add_tensor(name + ".part", rows, format, TensorRole::activation);
      graph.add_operator(name, op.phase, std::move(kind), std::move(inputs), {part});
      return all_reduce(name, part, CollectiveGradient::none, reduction);
    };
    const TensorId maximum = per_row(".maximum", std::make_shared<VocabularyMaximum>(), {logits},
                                     CollectiveReduction::maximum);
    rows.insert(rows.begin(), 2);
    const TensorId sums = per_row(".sums", std::make_shared<VocabularySums>(),
                                  {logits, labels, maximum}, CollectiveReduction::sum);
    graph.add_operator(op.name, op.phase, std::make_shared<VocabularyLoss>(),
                       {logits, labels, maximum, sums},
                       {tensors_.define(op.outputs[0], ShardLayout::replicated())});
  }

  const Graph& forward_;
  const TensorParallelOptions& options_;
  ShardedTensors tensors_;
};

}  // namespace

Graph shard(const Graph& forward, const TensorParallelOptions& options) {
  if (options.degree == 1) return forward;
  return Sharder(forward, options).shard();
}

}  // namespace simdse
