#include "workloads/parallel/piece_graph.h"

#include <algorithm>
#include <map>
#include <set>

#include "workloads/operators/keep.h"

namespace simdse {
namespace {

bool lives_on(TensorRole role) {
  return role == TensorRole::parameter || role == TensorRole::optimizer_state ||
         role == TensorRole::input;
}

class Extractor {
 public:
  Extractor(const Graph& whole, const std::vector<OperatorId>& members,
            const std::vector<bool>& wanted)
      : whole_(whole), wanted_(wanted), members_(members.begin(), members.end()) {
    for (const OperatorId member : members) note_views(member);
    for (const OperatorId op : members_) {
      for (const TensorId input : whole_.op(op).inputs) {
        const OperatorId producer = whole_.tensor(input).producer;
        if (producer == kNone || members_.count(producer) == 0) {
          imported_.insert(whole_.tensor(input).storage);
        }
      }
    }
  }

  Graph take() {
    for (const OperatorId op : members_) add(whole_.op(op));
    for (const OperatorId op : members_) keep_results(whole_.op(op));
    return std::move(graph_);
  }

 private:
  /// Views between members are members.
  bool note_views(OperatorId reader) {
    bool reads_member = false;
    for (const TensorId input : whole_.op(reader).inputs) {
      const OperatorId producer = whole_.tensor(input).producer;
      if (producer == kNone) continue;
      if (members_.count(producer) != 0) {
        reads_member = true;
      } else if (whole_.op(producer).kind->is_view() && note_views(producer)) {
        members_.insert(producer);
        reads_member = true;
      }
    }
    return reads_member;
  }

  TensorId mapped(TensorId id) {
    const auto found = tensors_.find(id);
    if (found != tensors_.end()) return found->second;
    const Tensor& tensor = whole_.tensor(id);
    if (tensor.storage != id) {
      const TensorId owner = mapped(tensor.storage);
      return tensors_[id] =
                 graph_.add_view(tensor.name, tensor.shape, owner, tensor.storage_offset);
    }
    const bool is_given = imported_.count(id) != 0 && !lives_on(tensor.role);
    return tensors_[id] = graph_.add_tensor(tensor.name, tensor.shape, tensor.format,
                                            is_given ? TensorRole::input : tensor.role);
  }

  void add(const Operator& op) {
    std::vector<TensorId> inputs;
    std::vector<TensorId> outputs;
    for (const TensorId input : op.inputs) inputs.push_back(mapped(input));
    for (const TensorId output : op.outputs) outputs.push_back(mapped(output));
    const OperatorId mine =
        graph_.add_operator(op.name, op.phase, op.kind, std::move(inputs), std::move(outputs));
    graph_.set_segment(mine, op.segment);
    operators_[op.id] = mine;
    for (const OperatorId after : op.after) {
      const auto found = operators_.find(after);
      if (found != operators_.end()) graph_.add_ordering(mine, found->second);
    }
  }

  void keep_results(const Operator& op) {
    if (op.kind->is_view()) return;
    for (const TensorId output : op.outputs) {
      const TensorId mine = tensors_.at(output);
      if (!wanted_[whole_.tensor(output).storage] || graph_.tensor(mine).consumers.empty())
        continue;
      const std::string name = graph_.tensor(mine).name + ".keep";
      const TensorId view = graph_.add_view(name, graph_.tensor(mine).shape, mine);
      graph_.add_operator(name, op.phase, std::make_shared<Keep>(), {mine}, {view});
    }
  }

  const Graph& whole_;
  const std::vector<bool>& wanted_;
  std::set<OperatorId> members_;
  std::set<TensorId> imported_;  ///< owners of bytes that others made
  Graph graph_;
  std::map<TensorId, TensorId> tensors_;
  std::map<OperatorId, OperatorId> operators_;
};

}  // namespace

Graph take_out(const Graph& whole, const std::vector<OperatorId>& members,
               const std::vector<bool>& wanted) {
  return Extractor(whole, members, wanted).take();
}

}  // namespace simdse
