#include "search/local/local_search.h"

#include "search/local/balance.h"
#include "search/local/dimension_tree.h"

namespace simdse {

std::int64_t search_heuristically(DesignBook& book, Outlook* outlook) {
  const LocalSearchOptions& options = book.options();
  for (const Point& seed : options.seeds) book.estimate(seed, "seed", "was asked for");
  Trader trader(book);
  Growth growth(book, trader, outlook);
  const PeakBound bound(book.space(), book.evaluator(), options.budget);
  Balance balance(book, trader, outlook);
  // What balance finds teaches the tree what to hope of the branches that it passed by.
  std::int64_t bounded = 0;
  for (std::int64_t before = -1; before < book.estimated();) {
    before = book.estimated();
    DimensionTree tree(book, growth, bound, outlook);
    tree.descend();
    for (const Objective objective : options.objectives) balance.climb(objective);
    bounded = tree.count_bounded();
    if (outlook == nullptr) break;
  }
  return bounded;
}

LocalSearchResult search_locally(const SearchSpace& space, const Evaluator& evaluator,
                                 const LocalSearchOptions& options,
                                 const std::function<void(std::int64_t)>& progress) {
  DesignBook book(space, evaluator, options, progress);
  std::optional<BoxBound> bound;
  std::optional<Outlook> outlook;
  if (BoxBound::obstacle(space).empty() && evaluator.is_one_graph()) {
    bound.emplace(book.prices());
    outlook.emplace(book, *bound);
  }
  std::int64_t bounded = 0;
  book.unless_interrupted(
      [&] { bounded = search_heuristically(book, outlook ? &*outlook : nullptr); });
  LocalSearchResult result = book.close();
  result.designs_bounded = bounded;
  return result;
}

}  // namespace simdse
