#include "workloads/operators/optimizer.h"

#include <stdexcept>

#include "workloads/operators/work.h"

namespace simdse {

const std::vector<OptimizerRule>& optimizer_rules() {
  static const std::vector<OptimizerRule> rules = {
      {"sgd", 0, 1, 0},       // w -= rate g
      {"momentum", 1, 2, 0},  // v = mu v + g; w -= rate v
      // Kingma and Ba 2015, with bias correction folded into the rate:
      // m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g g; w -= rate m / (sqrt(v) + epsilon)
      {"adam", 2, 8, 2},
  };
  return rules;
}

const OptimizerRule& optimizer_rule(const std::string& name) {
  for (const OptimizerRule& rule : optimizer_rules()) {
    if (name == rule.name) return rule;
  }
  throw std::out_of_range("no optimizer '" + name + "'");
}

Work OptimizerStep::work(const Graph& graph, const Operator& op) const {
  Work work = whole_tensors(graph, op);
  work.vector = rows_of(graph.tensor(op.outputs[0]));
  work.vector->alu_ops = rule_.alu_ops;
  work.vector->special_ops = rule_.special_ops;
  return work;
}

}  // namespace simdse
