// Arithmetic in model files: "3 * hidden", "heads / 2", "layers > 1".
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "models/base/config_value.h"

namespace simdse {

/// Named numbers that expressions may use.
using Variables = std::map<std::string, double>;

/// Evaluates expressions (muParser's syntax: + - * / ^, % for the remainder, comparisons, && ||,
/// ?:, min, max, ...).
class ExpressionEvaluator {
 public:
  ExpressionEvaluator();
  ~ExpressionEvaluator();

  /// The value of a scalar; throws InputError with its place when it is no expression over
  /// `variables`. `what` names the value in messages.
  double number(const ConfigValue& value, const Variables& variables, const std::string& what);

  /// The same, which must be a whole number of at least `min`.
  std::int64_t integer(const ConfigValue& value, const Variables& variables,
                       const std::string& what, std::int64_t min = 1);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace simdse
