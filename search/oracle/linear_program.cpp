#include "search/oracle/linear_program.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#ifdef SIMDSE_HAS_CBC
#include <coin/Cbc_C_Interface.h>

#include <memory>
#endif

namespace simdse {

double LinearProgram::infinity() { return std::numeric_limits<double>::max(); }

LinearProgram::Variable LinearProgram::add_variable(double least, double most, bool is_integer) {
  columns_.push_back({least, most, is_integer});
  return columns_.size() - 1;
}

void LinearProgram::add_row(double least, const Sum& sum, double most) {
  rows_.push_back({least, most, sum});
}

#ifdef SIMDSE_HAS_CBC

bool LinearProgram::has_solver() { return true; }

LinearProgram::Answer LinearProgram::minimize(Variable objective, const std::vector<double>& start,
                                              std::int64_t nodes, double tolerance) const {
  const auto columns = static_cast<int>(columns_.size());
  // The matrix by columns, as CBC takes it.
  std::vector<std::vector<std::pair<int, double>>> by_column(columns_.size());
  std::vector<double> row_least;
  std::vector<double> row_most;
  for (const Row& row : rows_) {
    for (const auto& [variable, factor] : row.sum) {
      by_column[variable].emplace_back(static_cast<int>(row_least.size()), factor);
    }
    row_least.push_back(row.least);
    row_most.push_back(row.most);
  }
  std::vector<int> starts = {0};
  std::vector<int> rows;
  std::vector<double> factors;
  std::vector<double> least;
  std::vector<double> most;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    for (const auto& [row, factor] : by_column[i]) {
      rows.push_back(row);
      factors.push_back(factor);
    }
    starts.push_back(static_cast<int>(rows.size()));
    least.push_back(columns_[i].least);
    most.push_back(columns_[i].most);
  }
  std::vector<double> costs(columns_.size(), 0);
  costs[objective] = 1;

  const std::unique_ptr<Cbc_Model, void (*)(Cbc_Model*)> model(Cbc_newModel(), Cbc_deleteModel);
  Cbc_loadProblem(model.get(), columns, static_cast<int>(row_least.size()), starts.data(),
                  rows.data(), factors.data(), least.data(), most.data(), costs.data(),
                  row_least.data(), row_most.data());
  std::vector<int> indices(columns_.size());
  for (int i = 0; i < columns; ++i) {
    indices[i] = i;
    if (columns_[i].is_integer) Cbc_setInteger(model.get(), i);
  }
  Cbc_setMIPStartI(model.get(), columns, indices.data(), start.data());
  Cbc_setLogLevel(model.get(), 0);
  Cbc_setMaximumNodes(model.get(), static_cast<int>(std::min<std::int64_t>(
                                       nodes, std::numeric_limits<int>::max())));
  Cbc_setAllowableFractionGap(model.get(), tolerance);
  Cbc_solve(model.get());

  Answer answer;
  answer.bound = Cbc_getBestPossibleObjValue(model.get());
  if (const double* values = Cbc_bestSolution(model.get())) {
    answer.values.assign(values, values + columns_.size());
  }
  if (!Cbc_isProvenOptimal(model.get())) {
    answer.reason = Cbc_isNodeLimitReached(model.get())
                        ? fmt::format("the limit of {} nodes was reached", nodes)
                        : "CBC gave up";
  }
  return answer;
}

#else

bool LinearProgram::has_solver() { return false; }

LinearProgram::Answer LinearProgram::minimize(Variable, const std::vector<double>&, std::int64_t,
                                              double) const {
  return {{}, -infinity(), "simdse was built without CBC"};
}

#endif

}  // namespace simdse
