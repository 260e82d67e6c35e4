#include "workloads/expression.h"

#include <fmt/core.h>
#include <muParser.h>

#include <charconv>
#include <cmath>

namespace simdse {

struct ExpressionEvaluator::Parser {
  mu::Parser parser;
};

ExpressionEvaluator::ExpressionEvaluator() : parser_(std::make_unique<Parser>()) {
  // Binds as * and / do.
  parser_->parser.DefineOprt(
      "%", [](double x, double y) { return std::fmod(x, y); }, mu::prMUL_DIV);
}
ExpressionEvaluator::~ExpressionEvaluator() = default;

double ExpressionEvaluator::number(const ConfigValue& value, const Variables& variables,
                                   const std::string& what) {
  const std::string& text = value.text(what);
  // Plain numbers and names, nearly all there is, need no parser.
  double result = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, result);
  if (error == std::errc() && rest == end && std::isfinite(result)) return result;
  const auto variable = variables.find(text);
  if (variable != variables.end()) return variable->second;
  constexpr std::size_t max_length = 1000;  // the parser's work and messages grow with it
  if (text.size() > max_length) {
    throw InputError(value.where(), fmt::format("{}: an expression of {} characters is too long",
                                                what, text.size()));
  }
  try {
    mu::Parser& parser = parser_->parser;
    parser.ClearConst();
    for (const auto& [name, number] : variables) parser.DefineConst(name, number);
    parser.SetExpr(text);
    result = parser.Eval();
  } catch (const mu::ParserError& problem) {
    throw InputError(value.where(), fmt::format("{}: '{}': {}", what, text, problem.GetMsg()));
  }
  if (!std::isfinite(result)) {
    throw InputError(value.where(), fmt::format("{}: '{}' is not a finite number", what, text));
  }
  return result;
}

std::int64_t ExpressionEvaluator::integer(const ConfigValue& value, const Variables& variables,
                                          const std::string& what, std::int64_t min) {
  const double result = number(value, variables, what);
  constexpr double max = 1e15;  // exact in a double, and beyond any tensor
  if (result != std::floor(result) || result < static_cast<double>(min) || result > max) {
    throw InputError(value.where(),
                     fmt::format("{}: '{}' is {:g}, not a whole number of at least {}", what,
                                 value.text(what), result, min));
  }
  return static_cast<std::int64_t>(result);
}

}  // namespace simdse
