#include "search/exact/design_search.h"

#include <optional>

#include "search/exact/branch_and_bound.h"
#include "search/local/local_search.h"

namespace simdse {
namespace {

/// The heuristic, and from the same bounds how far from the optimum it can be at most.
LocalSearchResult search_and_bound(DesignBook& book) {
  BoxBound bound(book.prices());
  std::int64_t bounded = 0;
  std::optional<Certificate> certificate;
  book.unless_interrupted([&] {
    Outlook outlook(book, bound);
    bounded = search_heuristically(book, &outlook);
    // Enough for a few boxes of each size of cores.
    constexpr std::int64_t nodes = 1000;
    certificate = BranchAndBound(book, bound, {}).bound_only(nodes);
  });
  LocalSearchResult result = book.close();
  result.certificate = std::move(certificate);
  result.designs_bounded = bounded;
  return result;
}

LocalSearchResult search_exactly(DesignBook& book) {
  BoxBound bound(book.prices());
  BranchAndBound search(book, bound, book.options().limits);
  std::optional<Certificate> certificate;  // an interrupted search has proved nothing
  book.unless_interrupted([&] {
    Outlook outlook(book, bound);
    try {
      search_heuristically(book, &outlook);
    } catch (const EvaluationsSpent&) {
      // Then there are none left for the proof, which says so.
    }
    certificate = search.run();
  });
  const std::int64_t bounded = search.bounded();
  LocalSearchResult result = book.close();
  if (certificate && certificate->has_ended) {
    result.designs_over_budget = search.over_budget();
    result.designs_impossible = search.impossible();
  }
  result.certificate = std::move(certificate);
  result.designs_bounded = bounded;
  return result;
}

LocalSearchResult search_all(DesignBook& book) {
  const bool has_all = book.unless_interrupted([&] { search_exhaustively(book); });
  const DesignBook::PricedOut out = book.priced_out();
  LocalSearchResult result = book.close();
  if (!has_all) return result;
  result.designs_over_budget = out.over_budget;
  result.designs_impossible = out.impossible;
  result.certificate.emplace();
  result.certificate->gaps.assign(book.options().objectives.size(), 0);
  result.certificate->has_ended = true;
  return result;
}

}  // namespace

LocalSearchResult search_designs(const SearchSpace& space, const Evaluator& evaluator,
                                 const LocalSearchOptions& options,
                                 const std::function<void(std::int64_t)>& progress) {
  const bool is_bounded = BoxBound::obstacle(space).empty() && evaluator.is_one_graph();
  if (options.method == SearchMethod::heuristic && !is_bounded) {
    return search_locally(space, evaluator, options, progress);
  }
  DesignBook book(space, evaluator, options, progress);
  if (options.method == SearchMethod::heuristic) return search_and_bound(book);
  return options.method == SearchMethod::exact ? search_exactly(book) : search_all(book);
}

}  // namespace simdse
