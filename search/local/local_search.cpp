#include "search/local/local_search.h"

#include <algorithm>

#include "search/local/balance.h"
#include "search/local/dimension_tree.h"

namespace simdse {
namespace {

/// Where designs are few, hope need not be trusted: those that a bound does not rule out are
/// estimated, the most hopeful first, as many as a climb might have taken.
void search_few(DesignBook& book, Outlook& outlook) {
  constexpr std::int64_t few_designs = 256;
  constexpr int most_estimates = 16;
  if (book.space().size() > few_designs) return;
  for (std::size_t i = 0; i < book.options().objectives.size(); ++i) {
    std::vector<std::pair<double, Point>> open;
    Point point(book.space().axes().size(), 0);
    do {
      if (!book.affordable(point) || book.is_estimated(point)) continue;
      open.emplace_back(outlook.hope(point)[i], point);
    } while (book.space().advance(point));
    std::stable_sort(open.begin(), open.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    int estimates = 0;
    for (const auto& [hope, design] : open) {
      const double least = std::max(book.least_of_the_best()[i], 0.0);
      if (outlook.worths({design, design})[i] <= least) continue;
      if (estimates++ == most_estimates) break;
      book.estimate(design, "few", "no bound tells that it is none of the best of these few");
    }
  }
}

}  // namespace

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
  if (outlook != nullptr) search_few(book, *outlook);
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
