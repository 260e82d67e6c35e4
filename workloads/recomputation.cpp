#include "workloads/recomputation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "workloads/operators/collective.h"
#include "workloads/operators/softmax.h"

namespace simdse {
namespace {

bool is_contraction(const Graph& graph, const Operator& op) {
  return graph.work(op.id).contraction.has_value();
}

/// Collects the attention core that begins at `scores`: vector operators and views that follow, up
/// to the next contractions. Empty if there is no softmax among them or an end is not a
/// contraction.
std::set<OperatorId> attention_core(const Graph& graph, OperatorId scores) {
  std::set<OperatorId> core = {scores};
  std::vector<OperatorId> open = {scores};
  bool has_softmax = false;
  while (!open.empty()) {
    const Operator& op = graph.op(open.back());
    open.pop_back();
    has_softmax = has_softmax || dynamic_cast<const Softmax*>(op.kind.get()) != nullptr;
    for (const TensorId output : op.outputs) {
      for (const OperatorId consumer : graph.tensor(output).consumers) {
        if (is_contraction(graph, graph.op(consumer))) continue;
        if (core.insert(consumer).second) open.push_back(consumer);
      }
      // A vector operator at the end of the graph is no attention core's.
      if (&output == &op.outputs.front() && graph.tensor(output).consumers.empty()) return {};
    }
  }
  return has_softmax ? core : std::set<OperatorId>{};
}

bool multiplies_activations(const Graph& graph, const Operator& op) {
  return is_contraction(graph, op) &&
         std::all_of(op.inputs.begin(), op.inputs.end(), [&](TensorId t) {
           return graph.tensor(graph.tensor(t).storage).role == TensorRole::activation;
         });
}

std::vector<int> attention_groups(const Graph& graph) {
  std::vector<int> groups(graph.operators().size(), kNone);
  int count = 0;
  for (const Operator& op : graph.operators()) {
    if (groups[op.id] != kNone || !multiplies_activations(graph, op)) continue;
    const std::set<OperatorId> core = attention_core(graph, op.id);
    for (const OperatorId member : core) groups[member] = count;
    if (!core.empty()) ++count;
  }
  return groups;
}

/// Boundaries (an index i stands for the place before operator i) that only one activation passes.
std::vector<OperatorId> narrow_places(const Graph& graph) {
  const auto& operators = graph.operators();
  std::vector<OperatorId> last_reader(graph.tensors().size(), kNone);
  for (const Operator& op : operators) {
    for (const TensorId input : op.inputs) last_reader[graph.tensor(input).storage] = op.id;
  }
  std::vector<int> closing(operators.size() + 1);
  std::vector<OperatorId> places;
  int passing = 0;
  for (const Operator& op : operators) {
    passing -= closing[op.id];
    if (passing == 1) places.push_back(op.id);
    for (const TensorId output : op.outputs) {
      if (graph.tensor(output).storage != output || last_reader[output] <= op.id) continue;
      ++passing;
      ++closing[last_reader[output] + 1];
    }
  }
  return places;
}

}  // namespace

std::vector<int> segments_between_narrow_places(const Graph& graph) {
  const auto& operators = graph.operators();
  const auto contractions =
      std::count_if(operators.begin(), operators.end(),
                    [&](const Operator& op) { return is_contraction(graph, op); });
  const auto enough = static_cast<int>(std::ceil(std::sqrt(static_cast<double>(contractions))));
  const std::vector<OperatorId> places = narrow_places(graph);
  std::vector<int> groups;
  int segment = 0;
  int inside = 0;
  auto place = places.begin();
  for (const Operator& op : operators) {
    const bool is_narrow = place != places.end() && *place == op.id;
    if (is_narrow) ++place;
    if (is_narrow && inside >= enough) {
      ++segment;
      inside = 0;
    }
    if (is_contraction(graph, op)) ++inside;
    groups.push_back(segment);
  }
  return groups;
}

namespace {

/// Takes out of the groups whatever is read outside its own group, through views too, and whatever
/// is a result of the graph.
void keep_what_leaves(const Graph& graph, std::vector<int>& groups) {
  const std::vector<int> whole = groups;
  std::vector<bool> leaves(graph.tensors().size());
  std::vector<bool> is_read(graph.tensors().size());
  for (const Operator& op : graph.operators()) {
    for (const TensorId input : op.inputs) {
      const TensorId storage = graph.tensor(input).storage;
      is_read[storage] = true;
      const OperatorId producer = graph.tensor(storage).producer;
      if (producer != kNone && whole[producer] != whole[op.id]) leaves[storage] = true;
    }
  }
  for (const Operator& op : graph.operators()) {
    const TensorId result = graph.tensor(op.outputs[0]).storage;
    const bool is_kept = !is_read[result] ||
                         std::any_of(op.outputs.begin(), op.outputs.end(),
                                     [&](TensorId t) { return leaves[graph.tensor(t).storage]; });
    if (is_kept) groups[op.id] = kNone;
  }
}

std::vector<int> segments(const Graph& graph) {
  std::vector<int> groups;
  for (const Operator& op : graph.operators()) groups.push_back(op.segment);
  // Making turns of a single contraction again saves nothing: all they keep is what leaves them.
  std::map<int, int> contractions;
  for (const Operator& op : graph.operators()) {
    if (op.segment != kNone && is_contraction(graph, op)) ++contractions[op.segment];
  }
  const bool is_useful = std::any_of(contractions.begin(), contractions.end(),
                                     [](const auto& segment) { return segment.second > 1; });
  if (is_useful) {
    keep_what_leaves(graph, groups);
    return groups;
  }
  groups = segments_between_narrow_places(graph);
  keep_what_leaves(graph, groups);
  return groups;
}

/// What is gathered of parts that each chip keeps is gathered again rather than kept
/// (Korthikanti et al. 2022, section 4.2.2): each such tensor is a group of its own.
void gather_again(const Graph& graph, std::vector<int>& groups) {
  int next = 0;
  for (const int group : groups) next = std::max(next, group + 1);
  for (const Operator& op : graph.operators()) {
    const Collective* collective = collective_of(op);
    if (collective == nullptr || groups[op.id] != kNone) continue;
    if (collective->gradient() == CollectiveGradient::reduce_scatter) groups[op.id] = next++;
  }
}

std::vector<int> groups_of(const Graph& forward, Recomputation mode) {
  if (mode == Recomputation::selective) return attention_groups(forward);
  if (mode == Recomputation::full) return segments(forward);
  return std::vector<int>(forward.operators().size(), kNone);
}

}  // namespace

const std::vector<std::string>& recomputation_names() {
  static const std::vector<std::string> names = {"none", "selective", "full"};
  return names;
}

std::vector<int> recomputation_groups(const Graph& forward, Recomputation mode) {
  std::vector<int> groups = groups_of(forward, mode);
  gather_again(forward, groups);
  return groups;
}

}  // namespace simdse
