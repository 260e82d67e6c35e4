// What a search found, and why it looked no further.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "search/local/evaluator.h"
#include "search/local/search_space.h"

namespace simdse {

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
  std::string phase;   ///< seed, price, tree, growth, balance, exact, exhaustive
  std::string design;  ///< the label, and the values that it does not show; for a cut branch of the
                       ///< tree the design with its core dimensions and the least of all else
                       ///< or the values that a box of designs spans
  std::string verdict;  ///< estimated, does_not_fit, failed, kept, cut, over_budget,
                        ///< impossible, open
  std::string reason;
  double throughput = 0;  ///< samples per second; 0 if not estimated. Of a box: at most
  double designs = 1;     ///< that the verdict is about
};

/// How sure an answer is.
struct Certificate {
  /// No design of the space is better than the best found by more than this share of it, by the
  /// estimate; infinite where nothing is known. One for each objective.
  std::vector<double> gaps;
  bool has_ended = false;  ///< false if a limit stopped the proof, or none was tried for
  std::int64_t nodes = 0;  ///< boxes looked at
  std::string stopped_by;  ///< "nodes", "evaluations" or ""
};

/// A design that a plug-in's failure cost.
struct FailedDesign {
  std::string design;
  std::string reason;
};

/// A design than which no estimated one within the budget is better in one of throughput, TDP and
/// area, and no worse in the others.
struct FrontDesign {
  Point point;
  std::string label;
  double throughput = 0;  ///< samples per second
  Watts tdp;
  Area area;
};

struct LocalSearchResult {
  /// The best designs of each objective, in the order of the options' objectives; best first.
  std::vector<std::vector<Candidate>> best;
  /// The other designs that were estimated and count, best first by the first objective.
  std::vector<Candidate> runners_up;
  std::vector<FrontDesign> front;  ///< fastest first
  std::int64_t designs_estimated = 0;
  std::int64_t designs_priced = 0;  ///< looked at for area and power
  /// Designs that no one looked at and that a bound proves to be none of the best; saturates at
  /// 2^63 - 1. Nothing is known of the others: heuristics passed them by.
  std::int64_t designs_bounded = 0;
  /// Where the method visited the whole space: designs that were found to be over the budget, and
  /// those that can't be built. With the estimated and the bounded ones (which count whatever they
  /// cost) they are all designs of the space.
  std::optional<std::int64_t> designs_over_budget;
  std::optional<std::int64_t> designs_impossible;
  std::optional<Candidate> best_within;  ///< see LocalSearchOptions::also_within
  std::optional<Certificate> certificate;
  std::vector<AuditEntry> audit;
  std::vector<FailedDesign> failed;
  bool is_partial = false;  ///< it was interrupted
};

}  // namespace simdse
