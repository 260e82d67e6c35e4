#include "search/exact/design_search.h"

#include "search/exact/branch_and_bound.h"
#include "search/local/local_search.h"

namespace simdse {
namespace {

LocalSearchResult search_exactly(DesignBook& book) {
  BoxBound bound(book.space(), book.evaluator());
  search_heuristically(book);
  BranchAndBound search(book, bound, book.options().limits);
  Certificate certificate = search.run();
  const std::int64_t bounded = search.bounded();
  LocalSearchResult result = book.close();
  result.certificate = std::move(certificate);
  result.designs_bounded = bounded;
  return result;
}

LocalSearchResult search_all(DesignBook& book) {
  search_exhaustively(book);
  LocalSearchResult result = book.close();
  result.certificate.emplace();
  result.certificate->gaps.assign(book.options().objectives.size(), 0);
  result.certificate->has_ended = true;
  return result;
}

}  // namespace

LocalSearchResult search_designs(const SearchSpace& space, const Evaluator& evaluator,
                                 const LocalSearchOptions& options,
                                 const std::function<void(std::int64_t)>& progress) {
  if (options.method == SearchMethod::heuristic) {
    return search_locally(space, evaluator, options, progress);
  }
  DesignBook book(space, evaluator, options, progress);
  return options.method == SearchMethod::exact ? search_exactly(book) : search_all(book);
}

}  // namespace simdse
