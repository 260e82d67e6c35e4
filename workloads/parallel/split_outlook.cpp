#include "workloads/parallel/split_outlook.h"

#include <algorithm>

#include "workloads/operators/attention.h"
#include "workloads/operators/loss.h"
#include "workloads/operators/recurrence.h"
#include "workloads/parallel/operator_axes.h"

namespace simdse {
namespace {

bool is_weight(const Graph& graph, TensorId tensor) {
  return graph.tensor(tensor).role == TensorRole::parameter &&
         graph.tensor(tensor).producer == kNone;
}

class Outlook {
 public:
  explicit Outlook(const Graph& graph) : graph_(graph) {}

  bool goes_on(TensorId tensor, std::size_t axis) {
    const std::vector<OperatorId>& consumers = graph_.tensor(tensor).consumers;
    return !consumers.empty() &&
           std::all_of(consumers.begin(), consumers.end(), [&](OperatorId consumer) {
             const Operator& op = graph_.op(consumer);
             for (std::size_t i = 0; i < op.inputs.size(); ++i) {
               if (op.inputs[i] == tensor && !passes(op, i, axis)) return false;
             }
             return true;
           });
  }

  SplitMeaning meaning() const { return meaning_; }

 private:
  bool passes(const Operator& op, std::size_t input, std::size_t axis) {
    if (dynamic_cast<const CrossEntropy*>(op.kind.get()) != nullptr) {
      meaning_ = SplitMeaning::vocabulary;
      return input == 0 && axis + 1 == graph_.tensor(op.inputs[0]).shape.size();
    }
    const std::optional<OperatorAxes> axes = operator_axes(graph_, op);
    if (!axes || axes->inputs[input][axis] == OperatorAxes::kWhole) return false;
    const int label = axes->inputs[input][axis];
    const bool is_product = dynamic_cast<const Contraction*>(op.kind.get()) != nullptr;
    const bool has_weight = weight_product(graph_, op).has_value();
    const bool is_attention = dynamic_cast<const Attention*>(op.kind.get()) != nullptr;
    if (is_attention || (is_product && !has_weight)) meaning_ = SplitMeaning::heads;
    for (std::size_t i = 0; i < op.outputs.size(); ++i) {
      const int place = OperatorAxes::find(axes->outputs[i], label);
      if (place < 0) return has_weight;  // the sum over the parts
      if (i > 0 && graph_.tensor(op.outputs[i]).consumers.empty()) continue;  // a mask
      if (!goes_on(op.outputs[i], static_cast<std::size_t>(place))) return false;
    }
    return true;
  }

  const Graph& graph_;
  SplitMeaning meaning_ = SplitMeaning::features;
};

}  // namespace

const char* split_meaning_name(SplitMeaning meaning) {
  switch (meaning) {
    case SplitMeaning::features:
      return "features";
    case SplitMeaning::heads:
      return "attention heads";
    case SplitMeaning::vocabulary:
      return "words of the vocabulary";
  }
  return "";
}

std::optional<WeightProduct> weight_product(const Graph& graph, const Operator& op) {
  const auto* kind = dynamic_cast<const Contraction*>(op.kind.get());
  if (kind == nullptr || dynamic_cast<const RecurrentProduct*>(op.kind.get()) != nullptr) return {};
  const bool first = is_weight(graph, op.inputs[0]);
  if (first == is_weight(graph, op.inputs[1])) return {};
  return WeightProduct{kind, first ? 1U : 0U, first ? 0U : 1U};
}

std::optional<SplitMeaning> split_outlook(const Graph& graph, TensorId tensor, std::size_t axis) {
  Outlook outlook(graph);
  if (!outlook.goes_on(tensor, axis)) return {};
  return outlook.meaning();
}

std::optional<ColumnSplit> column_split(const Graph& graph, const Operator& op,
                                        const WeightProduct& product, std::int64_t degree) {
  const std::string& labels = product.weight == 0 ? product.kind->a() : product.kind->b();
  const std::string& others = product.weight == 0 ? product.kind->b() : product.kind->a();
  const std::string& results = product.kind->c();
  std::optional<ColumnSplit> second_best;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::size_t place = results.find(labels[i]);
    if (others.find(labels[i]) != std::string::npos || place == std::string::npos) continue;
    const std::optional<SplitMeaning> meaning = split_outlook(graph, op.outputs[0], place);
    if (!meaning) continue;
    const ColumnSplit split{i, labels[i], *meaning};
    if (graph.tensor(op.inputs[product.weight]).shape[i] % degree == 0) return split;
    if (!second_best) second_best = split;
  }
  return second_best;
}

}  // namespace simdse
