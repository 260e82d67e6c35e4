#include "workloads/parallel/operator_axes.h"

#include <algorithm>
#include <numeric>

#include "workloads/operators/attention.h"
#include "workloads/operators/contraction.h"
#include "workloads/operators/dropout.h"
#include "workloads/operators/elementwise.h"
#include "workloads/operators/embedding.h"
#include "workloads/operators/loss.h"
#include "workloads/operators/movement.h"
#include "workloads/operators/normalization.h"
#include "workloads/operators/recurrence.h"
#include "workloads/operators/reduction.h"
#include "workloads/operators/rotary.h"
#include "workloads/operators/softmax.h"
#include "workloads/operators/view.h"

namespace simdse {
namespace {

using Labels = OperatorAxes::Labels;
constexpr int kWhole = OperatorAxes::kWhole;

Labels counting(std::size_t count) {
  Labels labels(count);
  std::iota(labels.begin(), labels.end(), 0);
  return labels;
}

class AxesFinder {
 public:
  AxesFinder(const Graph& graph, const Operator& op) : graph_(graph), op_(op) {}

  std::optional<OperatorAxes> find() {
    return is_known() ? std::optional<OperatorAxes>(std::move(axes_)) : std::nullopt;
  }

 private:
  template <typename Kind>
  const Kind* as() const {
    return dynamic_cast<const Kind*>(op_.kind.get());
  }
  const Shape& input(std::size_t i) const { return graph_.tensor(op_.inputs[i]).shape; }
  const Shape& output(std::size_t i) const { return graph_.tensor(op_.outputs[i]).shape; }

  bool is_known() {
    if (as<RecurrentProduct>() != nullptr) return false;
    if (const auto* contraction = as<Contraction>()) {
      const auto labels = [](const std::string& text) { return Labels(text.begin(), text.end()); };
      axes_ = {{labels(contraction->a()), labels(contraction->b())}, {labels(contraction->c())}};
    } else if (as<Elementwise>() != nullptr || as<SumTo>() != nullptr ||
               as<BroadcastTo>() != nullptr) {
      align_trailing();
    } else if (as<Dropout>() != nullptr) {
      all_alike(false);
    } else if (as<Softmax>() != nullptr) {
      all_alike(true);
    } else if (const auto* norm = as<Normalization>()) {
      // The others share statistics between rows.
      if (!norm->is_rowwise()) return false;
      all_alike(true);
      for (std::size_t i = 1; i < op_.inputs.size(); ++i) axes_.inputs[i] = {kWhole};
    } else if (as<Rotary>() != nullptr) {
      all_alike(true);
      axes_.inputs[1] = {1, kWhole};
    } else if (as<Attention>() != nullptr) {
      attention();
    } else if (as<Embedding>() != nullptr) {
      axes_.inputs = {counting(input(0).size()), {kWhole, static_cast<int>(input(0).size())}};
      axes_.outputs = {counting(input(0).size() + 1)};
    } else if (as<Reshape>() != nullptr) {
      reshape();
    } else if (as<Select>() != nullptr) {
      axes_.inputs = {entries_of(output(0).size())};
      axes_.outputs = {counting(output(0).size())};
    } else if (as<Stack>() != nullptr || as<StackCopy>() != nullptr) {
      axes_.inputs.assign(op_.inputs.size(), counting(input(0).size()));
      axes_.outputs = {entries_of(input(0).size())};
    } else if (const auto* transpose = as<Transpose>()) {
      axes_.inputs = {counting(input(0).size())};
      axes_.outputs = {Labels(transpose->order().begin(), transpose->order().end())};
    } else if (as<Slice>() != nullptr || as<Pad>() != nullptr || as<Concat>() != nullptr ||
               as<Split>() != nullptr) {
      whole_where_sizes_differ();
    } else if (op_.kind->is_loss()) {
      all_whole();
    } else {
      return false;
    }
    return true;
  }

  /// A whole axis in front of axes 0, 1, ...
  static Labels entries_of(std::size_t count) {
    Labels labels = counting(count);
    labels.insert(labels.begin(), kWhole);
    return labels;
  }

  /// Input 0 and all outputs have the same axes.
  void all_alike(bool last_is_whole) {
    Labels labels = counting(input(0).size());
    if (last_is_whole) labels.back() = kWhole;
    axes_.inputs.assign(op_.inputs.size(), labels);
    axes_.outputs.assign(op_.outputs.size(), labels);
  }

  void all_whole() {
    for (std::size_t i = 0; i < op_.inputs.size(); ++i) {
      axes_.inputs.emplace_back(input(i).size(), kWhole);
    }
    for (std::size_t i = 0; i < op_.outputs.size(); ++i) {
      axes_.outputs.emplace_back(output(i).size(), kWhole);
    }
  }

  /// Trailing axes belong together; one that is broadcast or summed stays whole where it is 1, and
  /// one that is summed can't be split at all.
  void align_trailing() {
    const bool is_sum = as<SumTo>() != nullptr;
    const std::size_t rank = is_sum ? input(0).size() : output(0).size();
    const Shape& widest = is_sum ? input(0) : output(0);
    const auto labels_of = [&](const Shape& shape) {
      Labels labels;
      for (std::size_t i = 0; i < shape.size(); ++i) {
        const std::size_t place = i + rank - shape.size();
        labels.push_back(shape[i] == widest[place] ? static_cast<int>(place) : kWhole);
      }
      return labels;
    };
    for (std::size_t i = 0; i < op_.inputs.size(); ++i) {
      axes_.inputs.push_back(labels_of(input(i)));
    }
    axes_.outputs = {labels_of(output(0))};
    if (!is_sum) return;
    for (int& label : axes_.inputs[0]) {
      if (OperatorAxes::find(axes_.outputs[0], label) < 0) label = kWhole;
    }
  }

  /// Samples and groups of heads; queries and the heads of a group too, each against all keys.
  void attention() {
    Labels q = counting(input(0).size());
    q.back() = kWhole;
    axes_.inputs = {q, {kWhole, 0, kWhole, 2, kWhole}};
    axes_.outputs = {q, Labels(q.begin(), q.end() - 1)};
  }

  /// Axes that begin at the same stride from the front belong together.
  void reshape() {
    const auto fronts = [](const Shape& shape) {
      std::vector<std::int64_t> result;
      std::int64_t before = 1;
      for (const std::int64_t size : shape) {
        result.push_back(size > 1 ? before : 0);  // an axis of 1 is none
        before *= size;
      }
      return result;
    };
    const std::vector<std::int64_t> in = fronts(input(0));
    const std::vector<std::int64_t> out = fronts(output(0));
    all_whole();
    for (std::size_t i = 0; i < in.size(); ++i) {
      const auto match = std::find(out.begin(), out.end(), in[i]);
      if (in[i] == 0 || match == out.end()) continue;
      axes_.inputs[0][i] = static_cast<int>(i);
      axes_.outputs[0][static_cast<std::size_t>(match - out.begin())] = static_cast<int>(i);
    }
  }

  void whole_where_sizes_differ() {
    const std::size_t rank = output(0).size();
    Labels labels = counting(rank);
    const auto compare = [&](const Shape& shape) {
      for (std::size_t i = 0; i < rank; ++i) {
        if (shape[i] != output(0)[i]) labels[i] = kWhole;
      }
    };
    for (std::size_t i = 0; i < op_.inputs.size(); ++i) compare(input(i));
    if (const auto* concat = as<Concat>()) labels[concat->axis()] = kWhole;
    if (const auto* split = as<Split>()) labels[split->axis()] = kWhole;
    axes_.inputs.assign(op_.inputs.size(), labels);
    axes_.outputs.assign(op_.outputs.size(), labels);
  }

  const Graph& graph_;
  const Operator& op_;
  OperatorAxes axes_;
};

}  // namespace

int OperatorAxes::find(const Labels& labels, int label) {
  if (label == kWhole) return -1;
  const auto found = std::find(labels.begin(), labels.end(), label);
  return found == labels.end() ? -1 : static_cast<int>(found - labels.begin());
}

std::optional<OperatorAxes> operator_axes(const Graph& graph, const Operator& op) {
  return AxesFinder(graph, op).find();
}

}  // namespace simdse
