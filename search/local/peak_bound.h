// The most that arithmetic alone allows within a budget: what makes cutting a branch sound.
#pragma once

#include <vector>

#include "search/local/budget.h"
#include "search/local/objective.h"
#include "search/local/search_space.h"

namespace simdse {

/// Bounds designs by their peak arithmetic rate. Admissible: tensor cores are taken to work at peak
/// all the time, everything else to be the cheapest that the space has, block by block, and every
/// group of tensor cores to have what is left of the budget to itself. The one assumption is that
/// no block becomes cheaper because the chip has more cores.
class PeakBound {
 public:
  PeakBound(const SearchSpace& space, const Evaluator& evaluator, const Budget& budget);

  enum class Scope {
    node,     ///< designs with the core dimensions of a node
    subtree,  ///< designs with these or smaller ones
  };

  /// No design in `scope` of `node` within the budget is worth more in `objective`; 0 when none
  /// reaches the floor. Energy is not bounded.
  double score(const Point& node, Scope scope, Objective objective,
               const ThroughputFloor& floor) const;

 private:
  /// What one core costs at one choice of its group's axes.
  struct Core {
    Point dimensions;  ///< 0 on the axes of other groups
    double area = 0;   ///< mm2
    double power = 0;  ///< W, with the technology's margin
    double macs = 0;   ///< per second; 0 of a vector core
  };
  struct Group {
    std::vector<std::size_t> dimensions;  ///< its axes that make the tree
    std::vector<Core> cores;
    double least_count = 1;
    double most_count = 1;
  };

  static bool is_in(const Core& core, const Group& group, const Point& node, Scope scope);

  double samples_per_mac_ = 0;
  Budget budget_;
  double rest_area_ = 0;   ///< of the blocks that are no cores
  double rest_power_ = 0;  ///< the same
  std::vector<Group> tensor_groups_;
  std::vector<Group> vector_groups_;
};

}  // namespace simdse
