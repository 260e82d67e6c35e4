// The book of the designs that a search has looked at: what each costs and achieves, and the log.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "search/local/price_list.h"
#include "search/local/search_options.h"
#include "search/local/search_result.h"

namespace simdse {

// An improvement below this share of the time is none.
constexpr double kLeastGain = 1e-3;

/// What is known of a point.
struct Known {
  const Price* price = nullptr;
  bool in_budget = false;
  /// Once estimated, if the workload fits. Most of what is priced never is, so it has no room here.
  std::unique_ptr<Candidate> candidate;
  bool is_estimated = false;
};

/// Thrown by an estimate that is asked for after an interrupt, see LocalSearchOptions.
struct SearchInterrupted {};

/// Thrown by an estimate that an exact search's limit of evaluations does not allow.
struct EvaluationsSpent {};

/// Each design is priced and estimated once, and every estimate is logged.
class DesignBook {
 public:
  /// All must outlive the book. `progress` is told of every estimate.
  DesignBook(const SearchSpace& space, const Evaluator& evaluator,
             const LocalSearchOptions& options, std::function<void(std::int64_t)> progress)
      : space_(space),
        evaluator_(evaluator),
        options_(options),
        progress_(std::move(progress)),
        prices_(std::make_shared<PriceList>(space, evaluator)) {}

  const SearchSpace& space() const { return space_; }
  const Evaluator& evaluator() const { return evaluator_; }
  const LocalSearchOptions& options() const { return options_; }
  /// For whoever asks for prices beside the book.
  const std::shared_ptr<PriceList>& prices() const { return prices_; }

  /// What `point` costs.
  const Price& price(const Point& point) { return *priced(point).price; }
  bool affordable(const Point& point) { return priced(point).in_budget; }

  /// The estimate of a point within the budget, or nullptr if the workload does not fit it. A new
  /// one is logged, with the reason for making it. Throws SearchInterrupted and EvaluationsSpent.
  const Candidate* estimate(const Point& point, const char* phase, const std::string& reason);

  void log(const char* phase, const Point& point, const char* verdict, std::string reason,
           double throughput);

  /// The same of a box of designs, given as text.
  void log_box(std::string box, const char* verdict, std::string reason, double designs,
               double most_throughput);

  /// Tells any two designs of the space apart.
  std::string full_label(const Point& point);

  /// What a candidate is worth; -1 if it does not count.
  double score(const Candidate& candidate, Objective objective) const;

  /// The best designs known, best first, at most `count`.
  std::vector<const Candidate*> ranking(Objective objective, std::size_t count) const;

  /// What the last of the best found is worth in each objective; -1 while there are too few.
  std::vector<double> least_of_the_best() const;

  /// All designs estimated that the workload fits, in the order of their estimates.
  const std::vector<const Candidate*>& candidates() const { return candidates_; }

  /// Of the designs estimated, how many does `test` hold for?
  template <class Test>
  std::int64_t count_estimated(Test&& test) const {
    std::int64_t count = 0;
    for (const auto& [point, known] : known_) count += known.is_estimated && test(point);
    return count;
  }

  /// Designs that were priced and not estimated, because they are over the budget or can't be
  /// built.
  struct PricedOut {
    std::int64_t over_budget = 0;
    std::int64_t impossible = 0;
  };
  PricedOut priced_out() const;

  std::int64_t estimated() const { return result_.designs_estimated; }
  bool is_estimated(const Point& point) const {
    const auto found = known_.find(point);
    return found != known_.end() && found->second.is_estimated;
  }

  /// Throws SearchInterrupted. For searches that go on for long without an estimate.
  void stop_if_interrupted() const;
  bool evaluations_are_spent() const;

  /// Does `search`, until it ends or an estimate is interrupted; false then.
  template <class Search>
  bool unless_interrupted(Search&& search) {
    try {
      search();
    } catch (const SearchInterrupted&) {
      result_.is_partial = true;
    }
    return !result_.is_partial;
  }

  /// Ends the book: its best designs, its front and its log. Throws NegativeResult when there is no
  /// best design, with the reason.
  LocalSearchResult close();

 private:
  Known& priced(const Point& point);
  /// A plug-in's failure costs the design, and the search goes on.
  void fail(const char* phase, const Point& point, const std::string& reason);
  /// By the first objective.
  std::optional<Candidate> best_within(const Budget& budget) const;
  std::vector<FrontDesign> front() const;
  /// Why there is nothing: what the nearest design would need.
  std::string nearest_text();

  const SearchSpace& space_;
  const Evaluator& evaluator_;
  const LocalSearchOptions& options_;
  std::function<void(std::int64_t)> progress_;
  std::shared_ptr<PriceList> prices_;
  std::map<Point, Known> known_;
  std::vector<const Candidate*> candidates_;
  std::string last_misfit_;
  LocalSearchResult result_;
};

/// The point with nothing but the core dimensions of `point`.
Point dimensions_of(const SearchSpace& space, const Point& point);

}  // namespace simdse
