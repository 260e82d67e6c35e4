// Local search: one stage on one chip, led by the critical path.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "search/local/budget.h"
#include "search/local/evaluator.h"
#include "search/local/search_space.h"

namespace simdse {

enum class Objective { throughput, throughput_per_tdp };

const char* objective_name(Objective objective);
std::vector<std::string> objective_names();

struct Candidate {
  Point point;
  Design design;
  std::string label;
  Evaluation evaluation;
};

/// One line of the search's log. Every estimate has one ("estimated", "does_not_fit" or, where a
/// plug-in failed, "failed"), and so has every decision that followed from it.
struct AuditEntry {
  std::int64_t step = 0;
  std::string phase;   ///< seed, price, tree, growth, balance
  std::string design;  ///< the label, and the values that it does not show; for a cut branch of the
                       ///< tree the design with its core dimensions and the least of all else
  std::string verdict;  ///< estimated, does_not_fit, failed, kept, cut, over_budget
  std::string reason;
  double throughput = 0;  ///< samples per second; 0 if not estimated
};

struct LocalSearchOptions {
  Budget budget;
  std::vector<Objective> objectives = {Objective::throughput};
  std::size_t top_k = 3;
  /// For throughput/TDP: designs slower than this don't count.
  double throughput_floor = 0;
  /// Levels of the dimension tree without improvement before a branch is cut.
  int hysteresis = 2;
  /// Designs to estimate whatever the search thinks of them, e.g. baselines that the space has.
  std::vector<Point> seeds;
  /// Also find the fastest of the estimated designs within this smaller budget.
  std::optional<Budget> also_within;
};

/// A design that a plug-in's failure cost.
struct FailedDesign {
  std::string design;
  std::string reason;
};

struct LocalSearchResult {
  /// The best designs of each objective, in the order of the options' objectives; best first.
  std::vector<std::vector<Candidate>> best;
  std::int64_t designs_estimated = 0;
  std::int64_t designs_priced = 0;  ///< looked at for area and power
  /// Designs that no one looked at and that PeakBound proves to be none of the best; saturates at
  /// 2^63 - 1. Nothing is known of the others: heuristics passed them by.
  std::int64_t designs_bounded = 0;
  std::optional<Candidate> best_within;  ///< see LocalSearchOptions::also_within
  std::vector<AuditEntry> audit;
  std::vector<FailedDesign> failed;
};

/// 1. Tree: from the largest core dimensions down, each child one dimension smaller. A branch is
/// cut
///    when `hysteresis` levels in a row bring no improvement, or when PeakBound proves that neither
///    it nor anything below it can be among the best.
/// 2. Growth, at every node of the tree: from the least of everything (below the root: from the
///    parent's core counts, see child_start), buy the step that shortens the time most per share of
///    whichever budget it takes more of. Two things tell what a step would save: the conflicts of
///    the schedule (time that critical operators wait only because all cores of a kind are busy)
///    and the estimate's critical chain (each region's bounds by resource, whose rates the step
///    changes). The schedule is that of the whole training step, so a conflict at a forward
///    operator and those at its mirrors in the backward pass are counted together. Stop when no
///    step promises or brings a gain, or none is affordable; then a core more is tried that is paid
///    for by selling what is missed least.
/// 3. Balance: from each of the best designs, climb by neighbours: one step on one axis, down, or
/// up
///    and paid for by selling steps of other axes where the budget does not allow it. The most
///    promising neighbour is estimated first, and the first that is better is taken.
///
/// Deterministic. `progress` is told of every estimate. Throws NegativeResult when no design meets
/// the budget, naming the nearest and what it would need, or when every design contradicts itself
/// or fails.
LocalSearchResult search_locally(const SearchSpace& space, const Evaluator& evaluator,
                                 const LocalSearchOptions& options,
                                 const std::function<void(std::int64_t)>& progress = {});

}  // namespace simdse
