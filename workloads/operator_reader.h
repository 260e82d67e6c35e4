// One operator entry of the model language.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "models/base/config_reader.h"
#include "workloads/expression.h"
#include "workloads/graph_builder.h"

namespace simdse {

/// What an operator entry can refer to while it is read.
class OperatorContext {
 public:
  virtual ~OperatorContext() = default;
  /// The tensor of that name in scope; throws InputError, with the nearest spelling.
  virtual TensorId tensor(const ConfigValue& name) = 0;
  /// The parameter of that name, e.g. "embedding.table", for tied weights.
  virtual TensorId parameter(const ConfigValue& name) = 0;
  virtual std::int64_t integer(const ConfigValue& value, const std::string& what,
                               std::int64_t min) = 0;
  virtual double number(const ConfigValue& value, const std::string& what) = 0;
};

/// Adds the operator of kind `kind` called `name` with operands `inputs`, reading its attributes
/// from `entry`. Throws InputError.
TensorId read_operator(GraphBuilder& builder, OperatorContext& context, ConfigReader& entry,
                       const std::string& kind, const std::string& name,
                       const std::vector<TensorId>& inputs);

/// Kinds that read_operator knows, for messages and documentation.
std::vector<std::string> operator_kind_names();

/// True for a kind that makes its own operands when none are given (gemm).
bool makes_own_inputs(const std::string& kind);

}  // namespace simdse
