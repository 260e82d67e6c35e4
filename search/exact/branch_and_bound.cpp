#include "search/exact/branch_and_bound.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace simdse {
namespace {

constexpr const char* kNoBetter = "its bound is no better than the best found";
constexpr const char* kLimit = "a limit was reached";

}  // namespace

BranchAndBound::BranchAndBound(DesignBook& book, BoxBound& bound, const SearchLimits& limits)
    : book_(book), outlook_(book, bound), limits_(limits) {}

Certificate BranchAndBound::run() { return search(limits_.nodes, limits_.evaluations, true); }

Certificate BranchAndBound::bound_only(std::int64_t nodes) {
  Certificate result = search(nodes, std::numeric_limits<std::int64_t>::max(), false);
  result.stopped_by.clear();  // it was not to end
  return result;
}

Certificate BranchAndBound::search(std::int64_t nodes, std::int64_t evaluations,
                                   bool may_estimate) {
  Certificate result;
  const std::vector<Objective>& objectives = book_.options().objectives;
  open_worths_.assign(objectives.size(), 0);
  update_least();
  scale_ = least_;
  add(Box::whole(book_.space()));
  while (!open_.empty()) {
    if (nodes_ + 2 > nodes) result.stopped_by = "nodes";  // halves come in pairs
    book_.stop_if_interrupted();
    if (book_.estimated() >= evaluations) result.stopped_by = "evaluations";
    if (!result.stopped_by.empty()) break;
    const Node node = open_.top();
    open_.pop();
    if (Outlook::can_matter(node.worths, least_)) {
      look_at(node, may_estimate);
    } else {
      cut(node);
    }
  }
  result.nodes = nodes_;
  result.has_ended = result.stopped_by.empty() && may_estimate;
  for (; !open_.empty(); open_.pop()) {
    if (Outlook::can_matter(open_.top().worths, least_)) {
      leave(open_.top(), "open", kLimit);
    } else {
      cut(open_.top());
    }
  }
  for (std::size_t i = 0; i < objectives.size(); ++i) {
    const std::vector<const Candidate*> best = book_.ranking(objectives[i], 1);
    const double found = best.empty() ? 0 : book_.score(*best.front(), objectives[i]);
    const bool is_open = open_worths_[i] > found;
    result.gaps.push_back(is_open ? open_worths_[i] / found - 1 : 0);
  }
  return result;
}

void BranchAndBound::look_at(const Node& node, bool may_estimate) {
  if (!node.box.is_point()) {
    branch(node);
  } else if (book_.is_estimated(node.box.low)) {
    return;
  } else if (!book_.affordable(node.box.low)) {
    // Costs are within the budget, but it is no chip.
    const std::string& problem = book_.price(node.box.low).problem;
    const bool is_over = problem.empty();
    if (is_over) {
      ++over_budget_;
    } else {
      ++impossible_;
    }
    book_.log_box(box_text(book_.space(), node.box), is_over ? "over_budget" : "impossible",
                  is_over ? "its parts are within the budget, the chip is not" : problem, 1, 0);
  } else if (may_estimate) {
    book_.estimate(node.box.low, "exact", "by its bound it could be among the best");
    update_least();
  } else {
    leave(node, "open", "it was not estimated");
  }
}

std::int64_t BranchAndBound::bounded() const { return static_cast<std::int64_t>(cut_); }

void BranchAndBound::cut(const Node& node) {
  cut_ += node.box.size() - static_cast<double>(book_.count_estimated(
                                [&](const Point& point) { return node.box.contains(point); }));
  leave(node, "cut", kNoBetter);
}

void BranchAndBound::leave(const Node& node, const char* verdict, const char* reason) {
  for (std::size_t i = 0; i < node.worths.size(); ++i) {
    open_worths_[i] = std::max(open_worths_[i], node.worths[i]);
  }
  double throughput = 0;
  for (std::size_t i = 0; i < node.worths.size(); ++i) {
    if (book_.options().objectives[i] == Objective::throughput) throughput = node.worths[i];
  }
  book_.log_box(box_text(book_.space(), node.box), verdict, reason, node.box.size(), throughput);
}

void BranchAndBound::update_least() {
  least_ = book_.least_of_the_best();
  // A design has to be better than the tolerance by which answers count as equal.
  for (double& least : least_) least *= least > 0 ? 1 + limits_.gap : 1;
}

void BranchAndBound::add(Box box) {
  ++nodes_;
  Node node;
  node.order = ++order_;
  node.box = box;
  const bool has_any = outlook_.draw_in(node.box);
  if (!has_any || node.box.high != box.high) {
    over_budget_ += box.size() - (has_any ? node.box.size() : 0);
    book_.log_box(box_text(book_.space(), box), "over_budget",
                  has_any ? "drawn in to " + box_text(book_.space(), node.box)
                          : "even its least design is over the budget",
                  box.size() - (has_any ? node.box.size() : 0), 0);
  }
  if (!has_any) return;
  node.worths = outlook_.worths(node.box);
  for (std::size_t i = 0; i < scale_.size(); ++i) {
    const double most = node.worths[i];
    node.promise = std::max(node.promise, scale_[i] > 0 ? most / scale_[i] : most);
  }
  if (Outlook::can_matter(node.worths, least_)) {
    open_.push(std::move(node));
  } else {
    cut(node);
  }
}

void BranchAndBound::branch(const Node& node) {
  auto [lower, upper] = node.box.halves(outlook_.widest_axis(node.box));
  add(std::move(upper));
  add(std::move(lower));
}

void search_exhaustively(DesignBook& book) {
  Point point(book.space().axes().size(), 0);
  do {
    book.estimate(point, "exhaustive", "every design is");
  } while (book.space().advance(point));
}

}  // namespace simdse
