#include "search/local/dimension_tree.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

namespace simdse {
namespace {

/// "cores.0" of "cores.0.rows".
std::string group_of(const Axis& axis) { return axis.path.substr(0, axis.path.rfind('.')); }

}  // namespace

void DimensionTree::descend() {
  const std::vector<Axis>& axes = book_.space().axes();
  // One of everything, in the largest cores: what more is worth having, growth will buy.
  Branch root;
  root.start = Point(axes.size(), 0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i].role == AxisRole::dimension) root.start[i] = axes[i].values.size() - 1;
  }
  branches_.push(std::move(root));
  while (!branches_.empty()) {
    const Branch branch = branches_.top();
    branches_.pop();
    if (visited_.insert(dimensions_of(book_.space(), branch.start)).second) visit(branch);
  }
}

void DimensionTree::visit(const Branch& branch) {
  const Point dimensions = dimensions_of(book_.space(), branch.start);
  const std::vector<double> least = book_.least_of_the_best();
  if (cannot_matter(dimensions, PeakBound::Scope::subtree, least)) {
    book_.log(
        "tree", dimensions, "cut",
        "even at peak, as many of these or smaller cores as the budget allows would be slower "
        "than the best found",
        0);
    return;
  }
  if (cannot_matter(dimensions, PeakBound::Scope::node, least)) {
    pass(branch, dimensions,
         "even at peak, as many of these cores as the budget allows would be slower than the best "
         "found");
    return;
  }
  Point start = branch.start;
  if (outlook_ != nullptr) {
    const std::optional<Box> box = outlook_->box_of(dimensions);
    if (box && book_.estimated() > 0 && !Outlook::can_matter(outlook_->worths(*box), least)) {
      pass(branch, dimensions,
           "by their bound, no number of these cores with anything else would be among the best");
      return;
    }
    // Growth begins where most may be hoped.
    if (box) {
      if (!book_.affordable(start)) start = outlook_->most_promising(*box, 16).value_or(start);
      if (book_.affordable(start)) {
        start = outlook_->most_hopeful(start);
        if (book_.estimated() > 0 && !Outlook::can_matter(outlook_->hope(start), least)) {
          pass(branch, dimensions,
               "beside what the designs found reach of their bounds, nothing with these cores may "
               "be hoped to be among the best");
          return;
        }
      }
    }
  }
  const int hysteresis = book_.options().hysteresis;
  const Candidate* grown = growth_.grow(start);
  double best = branch.parent_score;
  int levels_without_gain = branch.levels_without_gain;
  if (grown == nullptr) {
    // Too large for the budget, or too little memory: smaller cores may still do.
    book_.log("tree", dimensions, "over_budget",
              "no affordable design was found to start from; smaller cores are tried", 0);
  } else {
    const double throughput = grown->evaluation.throughput;
    const bool gains = throughput > branch.parent_score * (1 + kLeastGain);
    levels_without_gain = gains ? 0 : levels_without_gain + 1;
    best = std::max(best, throughput);
    if (levels_without_gain > hysteresis) {
      book_.log("tree", grown->point, "cut",
                fmt::format("no gain over its parents for {} levels", levels_without_gain),
                throughput);
      return;
    }
    book_.log("tree", grown->point, "kept",
              gains ? "better than its parent" : "no better than its parent, within the hysteresis",
              throughput);
  }
  add_children(dimensions, grown == nullptr ? branch.start : grown->point, best,
               levels_without_gain);
}

void DimensionTree::pass(const Branch& branch, const Point& dimensions, const char* reason) {
  const bool goes_on = branch.levels_without_gain < book_.options().hysteresis;
  book_.log("tree", dimensions, "cut",
            std::string(reason) +
                (goes_on ? "; smaller ones are tried" : ", and smaller ones are passed by"),
            0);
  if (!goes_on) return;
  add_children(dimensions, branch.start, branch.parent_score, branch.levels_without_gain + 1);
}

void DimensionTree::add_children(const Point& dimensions, const Point& grown_at, double best,
                                 int levels_without_gain) {
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    if (book_.space().axes()[i].role != AxisRole::dimension || dimensions[i] == 0) continue;
    branches_.push({best, ++branch_count_, child_start(grown_at, i), levels_without_gain});
  }
}

Point DimensionTree::child_start(const Point& grown_at, std::size_t smaller) {
  const std::vector<Axis>& axes = book_.space().axes();
  Point start(grown_at.size(), 0);
  const std::string group = group_of(axes[smaller]);
  for (std::size_t i = 0; i < start.size(); ++i) {
    if (axes[i].role == AxisRole::dimension) start[i] = grown_at[i] - (i == smaller ? 1 : 0);
  }
  for (std::size_t i = 0; i < start.size(); ++i) {
    if (axes[i].role != AxisRole::count) continue;
    start[i] = group_of(axes[i]) == group ? grown_at[i] : grown_at[i] / 2;
    while (start[i] > 0 && !book_.affordable(start)) --start[i];
  }
  return start;
}

bool DimensionTree::cannot_matter(const Point& node, PeakBound::Scope scope,
                                  const std::vector<double>& least) const {
  const LocalSearchOptions& options = book_.options();
  for (std::size_t i = 0; i < least.size(); ++i) {
    if (bound_.score(node, scope, options.objectives[i], options.throughput_floor) > least[i]) {
      return false;
    }
  }
  return true;
}

std::int64_t DimensionTree::count_bounded() const {
  const SearchSpace& space = book_.space();
  double dimensions = 1;
  double others = 1;
  for (const Axis& axis : space.axes()) {
    (axis.role == AxisRole::dimension ? dimensions : others) *=
        static_cast<double>(axis.values.size());
  }
  constexpr double too_many_to_look_at = 1e5;
  if (dimensions > too_many_to_look_at) return 0;
  std::set<Point> bounded;
  Point at(space.axes().size(), 0);
  const std::vector<double> least = book_.least_of_the_best();
  for (bool has_more = true; has_more;) {
    if (cannot_matter(at, PeakBound::Scope::node, least)) bounded.insert(at);
    has_more = false;
    for (std::size_t i = 0; i < at.size() && !has_more; ++i) {
      if (space.axes()[i].role != AxisRole::dimension) continue;
      has_more = ++at[i] < space.axes()[i].values.size();
      if (!has_more) at[i] = 0;
    }
  }
  const double count = others * static_cast<double>(bounded.size()) -
                       static_cast<double>(book_.count_estimated([&](const Point& point) {
                         return bounded.count(dimensions_of(space, point)) > 0;
                       }));
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  return count >= static_cast<double>(most) ? most : static_cast<std::int64_t>(count);
}

}  // namespace simdse
