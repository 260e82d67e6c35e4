#include "workloads/fusion.h"

#include <algorithm>

namespace simdse {
namespace {

class Fuser {
 public:
  explicit Fuser(const Graph& graph) : graph_(graph), taken_(graph.operators().size()) {}

  bool is_taken(OperatorId op) const { return taken_[op]; }

  OperatorGroup grow(OperatorId head, bool enabled) {
    OperatorGroup group = {head};
    taken_[head] = true;
    if (!enabled) return group;
    const Work work = graph_.work(head);
    const bool is_contraction = work.contraction.has_value();
    if (!work.follow_ups.empty()) return group;  // its vector core is busy with its own blocks
    if (!is_contraction && !graph_.op(head).kind->is_streaming()) return group;
    for (;;) {
      const OperatorId next = follower(group, is_contraction);
      if (next == kNone) return group;
      group.push_back(next);
      taken_[next] = true;
    }
  }

 private:
  OperatorId follower(const OperatorGroup& group, bool is_contraction) const {
    const TensorId made = graph_.op(group.back()).outputs[0];
    for (const OperatorId consumer : graph_.tensor(made).consumers) {
      if (can_follow(consumer, made, group.front(), is_contraction)) return consumer;
    }
    return kNone;
  }

  bool can_follow(OperatorId candidate, TensorId made, OperatorId head, bool is_contraction) const {
    const Operator& op = graph_.op(candidate);
    if (taken_[candidate] || op.phase != graph_.op(head).phase || !op.after.empty()) return false;
    const bool fits = is_contraction ? op.kind->is_elementwise() : op.kind->is_rowwise();
    if (!fits || op.kind->is_view()) return false;
    if (graph_.tensor(op.outputs[0]).elements() != graph_.tensor(made).elements()) return false;
    return std::all_of(op.inputs.begin(), op.inputs.end(), [&](TensorId input) {
      if (input == made) return true;
      const Tensor& tensor = graph_.tensor(input);
      if (tensor.role == TensorRole::parameter) return true;
      return !is_contraction && tensor.producer < head;
    });
  }

  const Graph& graph_;
  std::vector<bool> taken_;
};

}  // namespace

std::vector<OperatorGroup> fuse_operators(const Graph& graph, bool enabled) {
  std::vector<OperatorGroup> groups;
  Fuser fuser(graph);
  for (const Operator& op : graph.operators()) {
    if (op.kind->is_view() || fuser.is_taken(op.id)) continue;
    groups.push_back(fuser.grow(op.id, enabled));
  }
  return groups;
}

}  // namespace simdse
