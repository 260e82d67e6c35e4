#include "search/oracle/linear_program.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#ifdef SIMDSE_HAS_CBC
#include <coin/Cbc_C_Interface.h>

#include <cstring>
#include <memory>

#include "models/base/worker_pool.h"
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

namespace {

/// An answer as a child process sends it: the bound, how many values there are, these, the reason.
std::string packed(const LinearProgram::Answer& answer) {
  std::vector<double> numbers = {answer.bound, static_cast<double>(answer.values.size())};
  numbers.insert(numbers.end(), answer.values.begin(), answer.values.end());
  return std::string(reinterpret_cast<const char*>(numbers.data()),
                     numbers.size() * sizeof(double)) +
         answer.reason;
}

LinearProgram::Answer unpacked(const std::string& text) {
  double head[2];
  std::memcpy(head, text.data(), sizeof head);
  LinearProgram::Answer answer;
  answer.bound = head[0];
  answer.values.resize(static_cast<std::size_t>(head[1]));
  const std::size_t bytes = answer.values.size() * sizeof(double);
  std::memcpy(answer.values.data(), text.data() + sizeof head, bytes);
  answer.reason = text.substr(sizeof head + bytes);
  return answer;
}

}  // namespace

bool LinearProgram::has_solver() { return true; }

LinearProgram::Answer LinearProgram::minimize(Variable objective, const std::vector<double>& start,
                                              std::int64_t nodes, double tolerance) const {
  WorkerOptions options;
  options.hang_limit = kEndsByItself;  // `nodes` limits it
  const JobResult result =
      run_jobs({[&] { return packed(solve(objective, start, nodes, tolerance)); }}, options)
          .front();
  if (!result.ok) return {{}, -infinity(), "CBC " + result.failure};
  return unpacked(result.output);
}

LinearProgram::Answer LinearProgram::solve(Variable objective, const std::vector<double>& start,
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
