// The model against its references, row by row.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/references/reference.h"

namespace simdse {

/// What the model says of one row, in the table's unit.
struct RowResult {
  std::optional<double> formula;
  std::optional<double> simulated;
  std::string failure;        ///< why there is neither
  bool is_bad_input = false;  ///< the row, its command or what that names is at fault
};

/// model / measured - 1
double relative_error(double model, const ReferenceRow& row);

/// Over a table's held-out rows that have a value.
struct ErrorSummary {
  int rows = 0;
  double mean_abs = 0;
  double max_abs = 0;
};

struct TableResult {
  const ReferenceTable* table = nullptr;
  std::vector<RowResult> rows;

  ErrorSummary formula() const { return summary(&RowResult::formula); }
  ErrorSummary simulated() const { return summary(&RowResult::simulated); }

 private:
  ErrorSummary summary(std::optional<double> RowResult::*value) const;
};

struct ReferenceResult {
  const Reference* reference = nullptr;
  std::vector<TableResult> tables;
};

/// Runs the commands of all rows, each in a process of its own. A row whose command fails says why
/// and costs nothing else. `on_done` is told the number of rows finished. The results refer to
/// `references`.
std::vector<ReferenceResult> compare_with(const std::vector<Reference>& references,
                                          const DataFiles& files, int workers,
                                          const std::function<void(std::size_t)>& on_done = {});

}  // namespace simdse
