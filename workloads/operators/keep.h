// The mark of what is still wanted when a graph is done.
#pragma once

#include <string>

#include "workloads/graph.h"

namespace simdse {

/// Says, as a view that nobody reads, that the bytes of its input are read after the graph's end,
/// although operators of the graph read them too. What nobody reads is a result without it.
class Keep : public OperatorKind {
 public:
  std::string name() const override { return "keep"; }
  Work work(const Graph&, const Operator& op) const override {
    Work work;
    work.read.resize(op.inputs.size());
    work.written.resize(op.outputs.size());
    return work;
  }
  bool is_view() const override { return true; }
};

/// For each tensor that owns its bytes whether some are marked so.
inline std::vector<bool> kept_tensors(const Graph& graph) {
  std::vector<bool> kept(graph.tensors().size());
  for (const Operator& op : graph.operators()) {
    if (dynamic_cast<const Keep*>(op.kind.get()) == nullptr) continue;
    kept[graph.tensor(op.inputs[0]).storage] = true;
  }
  return kept;
}

}  // namespace simdse
