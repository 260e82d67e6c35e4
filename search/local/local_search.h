// Local search: one stage on one chip, led by the critical path.
#pragma once

#include <functional>

#include "search/exact/outlook.h"
#include "search/local/design_book.h"

namespace simdse {

/// 1. Tree (DimensionTree): from the largest core dimensions down, each child one dimension
///    smaller.
/// 2. Growth, at every node of the tree: from the least of everything, buy what shortens the time
///    most.
/// 3. Balance: from the best designs, climb by neighbours.
///
/// With bounds, designs that are not hoped to be among the best (Outlook::hope) are not estimated,
/// and the three are done again until nothing new is found: each estimate teaches what to hope.
///
/// Deterministic. `progress` is told of every estimate. Throws NegativeResult when no design meets
/// the budget, naming the nearest and what it would need, when none reaches the floor, or when
/// every design contradicts itself or fails; and when it is interrupted before it has found any.
LocalSearchResult search_locally(const SearchSpace& space, const Evaluator& evaluator,
                                 const LocalSearchOptions& options,
                                 const std::function<void(std::int64_t)>& progress = {});

/// The same in a book that may know designs already; leaves it open. `outlook` may be nullptr: then
/// less is cut. Returns
/// LocalSearchResult::designs_bounded.
std::int64_t search_heuristically(DesignBook& book, Outlook* outlook);

}  // namespace simdse
