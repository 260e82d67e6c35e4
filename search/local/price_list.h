// What the designs of a search space cost, and how fast their parts are.
#pragma once

#include <algorithm>
#include <map>
#include <string>

#include "search/local/evaluator.h"
#include "search/local/search_space.h"

namespace simdse {

/// What is known of a design before it is estimated.
struct Price {
  /// False: its parameters contradict each other, or a plug-in failed; then only `problem` is
  /// known.
  bool is_chip = false;
  bool has_failed = false;  ///< a plug-in did
  std::string problem;      ///< of either, or of a chip that can't be built (Chip::problem), or ""
  Area area;
  Watts tdp;
  Watts static_power;
  Hertz frequency;
  ChipRates rates;
  Bytes buffer_capacity;
  std::size_t tensor_cores = 0;
  std::size_t vector_cores = 0;
  double macs = 0;               ///< per cycle, of all cores, of the workload's products
  double vector_operations = 0;  ///< per cycle, of all cores

  /// Whether it can be built, within a budget.
  bool is_allowed(const Budget& budget) const {
    return is_chip && problem.empty() && budget.allows(area, tdp);
  }
  /// The larger share of a budget that it takes.
  double share_of(const Budget& budget) const {
    return std::max(area / budget.area, tdp / budget.power);
  }
};

/// Prices each design once. A design's chip is as large as thousands of prices: it is built, asked
/// and thrown away.
class PriceList {
 public:
  /// Both must outlive the list.
  PriceList(const SearchSpace& space, const Evaluator& evaluator);

  const SearchSpace& space() const { return space_; }
  const Evaluator& evaluator() const { return evaluator_; }

  const Price& price(const Point& point);

 private:
  Price find(const Point& point);

  const SearchSpace& space_;
  const Evaluator& evaluator_;
  NumberFormat format_;  ///< of the workload's products
  Design design_;        ///< of one chip after the other
  std::map<Point, Price> prices_;
};

}  // namespace simdse
