// Optimizer steps.
#pragma once

#include <string>
#include <vector>

#include "workloads/operator.h"

namespace simdse {

/// One rule by which a parameter follows its gradient. `state_tensors` counts moments kept per
/// parameter beside the master copy.
struct OptimizerRule {
  const char* name;
  int state_tensors;
  int alu_ops;
  int special_ops;
};

/// sgd, momentum, adam.
const std::vector<OptimizerRule>& optimizer_rules();

/// The rule called `name`; throws std::out_of_range when there is none.
const OptimizerRule& optimizer_rule(const std::string& name);

/// Updates one parameter in place. Inputs: gradient, then what is read and written back: the fp32
/// master copy (or the parameter itself where no master is kept) and the moments. Outputs: the new
/// parameter, then each of the states again, all sharing the bytes of what they replace.
class OptimizerStep : public OperatorKind {
 public:
  explicit OptimizerStep(const OptimizerRule& rule) : rule_(rule) {}
  std::string name() const override { return std::string(rule_.name) + "_step"; }
  Work work(const Graph& graph, const Operator& op) const override;
  bool is_elementwise() const override { return true; }
  const OptimizerRule& rule() const { return rule_; }

 private:
  const OptimizerRule& rule_;
};

}  // namespace simdse
