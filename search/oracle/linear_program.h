// A mixed integer linear program, solved by CBC where simdse was built with it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace simdse {

class LinearProgram {
 public:
  using Variable = std::size_t;
  using Sum = std::vector<std::pair<Variable, double>>;  ///< variables with their factors

  static double infinity();
  static bool has_solver();

  Variable add_variable(double least, double most, bool is_integer);
  /// least <= sum <= most
  void add_row(double least, const Sum& sum, double most);

  std::size_t variables() const { return columns_.size(); }

  struct Answer {
    std::vector<double> values;  ///< of the best solution found; empty if there is none
    double bound = 0;            ///< no solution is better; -infinity if nothing is known
    std::string reason;          ///< why it is not proven that the best has been found, or ""
  };

  /// The least value of a variable, from the solution `start` (values of all variables) on, or none
  /// better than by a share of `tolerance`. Stops after `nodes` of the branch and bound. The solver
  /// runs in a process of its own: it ends with failed assertions now and then, which are a reason
  /// like others.
  Answer minimize(Variable objective, const std::vector<double>& start, std::int64_t nodes,
                  double tolerance) const;

 private:
  Answer solve(Variable objective, const std::vector<double>& start, std::int64_t nodes,
               double tolerance) const;

  struct Column {
    double least;
    double most;
    bool is_integer;
  };
  struct Row {
    double least;
    double most;
    Sum sum;
  };

  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

}  // namespace simdse
