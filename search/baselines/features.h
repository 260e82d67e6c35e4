// What a designer would look at: a chip as a vector of features, for models that are linear in
// them.
#pragma once

#include <Eigen/Core>
#include <string>
#include <vector>

#include "search/local/budget.h"
#include "search/schedule/task_graph.h"

namespace simdse {

/// Features in the spirit of Spotlight's (Sakhuja et al., HPCA 2023): rates, sizes and ratios in
/// which performance is close to linear once logarithms are taken, rather than the raw parameters.
class DomainFeatures {
 public:
  /// `tasks` must outlive this object.
  DomainFeatures(const TaskGraph& tasks, const Budget& budget);

  static const std::vector<std::string>& names();

  /// One number per name; the first is 1.
  Eigen::VectorXd of(const Chip& chip) const;

 private:
  /// Share of an array's PEs that the workload's products fill, in the mean over its MACs; each
  /// product lies on the array as suits it best.
  double array_fill(const Chip& chip) const;

  Budget budget_;
  NumberFormat format_;
  struct Product {
    ContractionShape shape;
    double macs = 0;
  };
  std::vector<Product> products_;
  double macs_ = 0;
  double vector_operations_ = 0;
  double bytes_ = 0;  ///< in and out of all tasks
};

}  // namespace simdse
