#include "workloads/fusion.h"

#include <algorithm>

#include "workloads/operators/main_gradient.h"

namespace simdse {
namespace {

class Fuser {
 public:
  Fuser(const Graph& graph, const KernelRules& rules)
      : graph_(graph), rules_(rules), taken_(graph.operators().size()) {}

  bool is_taken(OperatorId op) const { return taken_[op]; }

  OperatorGroup grow(OperatorId head) {
    OperatorGroup group = longest_group(head);
    while (!is_kernel(group)) group.pop_back();
    for (const OperatorId op : group) taken_[op] = true;
    return group;
  }

 private:
  OperatorGroup longest_group(OperatorId head) const {
    OperatorGroup group = {head};
    const Work work = graph_.work(head);
    const bool is_contraction = work.contraction.has_value();
    if (!work.follow_ups.empty()) return group;  // its vector core is busy with its own blocks
    if (!is_contraction && !graph_.op(head).kind->is_streaming()) return group;
    for (;;) {
      const OperatorId next = follower(group, is_contraction);
      if (next == kNone) return group;
      group.push_back(next);
    }
  }

  /// Whether the kinds of the group's operators, and of `next` behind them, are the beginning of a
  /// chain, or all of one if it is to be `whole`.
  bool is_in_chain(const OperatorGroup& group, OperatorId next, bool whole) const {
    std::vector<std::string> kinds;
    for (const OperatorId op : group) kinds.push_back(graph_.op(op).kind->name());
    if (next != kNone) kinds.push_back(graph_.op(next).kind->name());
    return std::any_of(rules_.chains->begin(), rules_.chains->end(), [&](const auto& chain) {
      return (whole ? chain.size() == kinds.size() : chain.size() >= kinds.size()) &&
             std::equal(kinds.begin(), kinds.end(), chain.begin());
    });
  }

  bool is_kernel(const OperatorGroup& group) const {
    return !rules_.chains || group.size() == 1 || is_in_chain(group, kNone, true);
  }

  OperatorId follower(const OperatorGroup& group, bool is_contraction) const {
    const TensorId made = graph_.op(group.back()).outputs[0];
    for (const OperatorId consumer : graph_.tensor(made).consumers) {
      if (!can_follow(consumer, made, group.front(), is_contraction)) continue;
      if (!rules_.chains || is_in_chain(group, consumer, false)) return consumer;
    }
    return kNone;
  }

  bool can_follow(OperatorId candidate, TensorId made, OperatorId head, bool is_contraction) const {
    const Operator& op = graph_.op(candidate);
    if (taken_[candidate] || op.phase != graph_.op(head).phase || !op.after.empty()) return false;
    const bool fits = is_contraction ? op.kind->is_elementwise() : op.kind->is_rowwise();
    if (!fits || op.kind->is_view()) return false;
    if (graph_.tensor(op.outputs[0]).elements() != graph_.tensor(made).elements()) return false;
    const bool is_accumulation = dynamic_cast<const AccumulateGradient*>(op.kind.get()) != nullptr;
    return std::all_of(op.inputs.begin(), op.inputs.end(), [&](TensorId input) {
      if (input == made) return true;
      const Tensor& tensor = graph_.tensor(input);
      if (tensor.role == TensorRole::parameter) return true;
      // A main gradient is there from the start.
      if (is_accumulation && tensor.producer == kNone) return true;
      return !is_contraction && tensor.producer < head;
    });
  }

  const Graph& graph_;
  const KernelRules& rules_;
  std::vector<bool> taken_;
};

}  // namespace

std::vector<OperatorGroup> fuse_operators(const Graph& graph, const KernelRules& rules) {
  std::vector<OperatorGroup> groups;
  Fuser fuser(graph, rules);
  for (const Operator& op : graph.operators()) {
    if (op.kind->is_view() || fuser.is_taken(op.id)) continue;
    groups.push_back(fuser.grow(op.id));
  }
  return groups;
}

}  // namespace simdse
