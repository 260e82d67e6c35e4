#include "search/local/growth.h"

#include <fmt/core.h>

namespace simdse {
namespace {

bool is_faster(const Candidate& design, const Candidate& than) {
  return design.evaluation.time.value() < than.evaluation.time.value() * (1 - kLeastGain);
}

}  // namespace

const Candidate* Growth::find_start(Point& at) {
  const Point start = at;
  const Candidate* best = book_.estimate(at, "growth", "the start of growth");
  // The least memory may not hold the workload: more of what is shared, one after another, may.
  for (std::size_t i = 0; best == nullptr && i < at.size(); ++i) {
    const Axis& axis = book_.space().axes()[i];
    if (axis.role != AxisRole::shared) continue;
    while (best == nullptr && at[i] + 1 < axis.values.size()) {
      ++at[i];
      best =
          book_.estimate(at, "growth", fmt::format("more of {}, as less does not fit", axis.path));
    }
    if (best == nullptr) at[i] = start[i];
  }
  return best;
}

bool Growth::is_worth_a_try(const Candidate& from, const Point& to) const {
  if (outlook_ == nullptr || book_.is_estimated(to)) return true;
  return outlook_->hope_of_throughput(to) > from.evaluation.throughput * (1 + kLeastGain);
}

const Candidate* Growth::grow(const Point& start) {
  Point at = start;
  const Candidate* best = find_start(at);
  if (best == nullptr) return nullptr;
  std::set<std::size_t> exhausted;
  for (;;) {
    const std::optional<std::size_t> axis = trader_.best_purchase(at, *best, exhausted);
    if (!axis) {
      const Candidate* traded = trade(*best);
      if (traded == nullptr) return best;
      best = traded;
      at = best->point;
      exhausted.clear();
      continue;
    }
    Point next = at;
    ++next[*axis];
    const std::string& path = book_.space().axes()[*axis].path;
    if (!is_worth_a_try(*best, next)) {
      exhausted.insert(*axis);
      continue;
    }
    const Candidate* bought =
        book_.estimate(next, "growth", fmt::format("more of {} promises most for its cost", path));
    if (bought != nullptr && is_faster(*bought, *best)) {
      book_.log("growth", bought->point, "kept", fmt::format("more of {} shortens the time", path),
                bought->evaluation.throughput);
      best = bought;
      at = next;
      exhausted.clear();
    } else {
      if (bought != nullptr) {
        book_.log("growth", bought->point, "cut", fmt::format("more of {} does not pay", path),
                  bought->evaluation.throughput);
      }
      exhausted.insert(*axis);
    }
  }
}

const Candidate* Growth::trade(const Candidate& from) {
  for (std::size_t i = 0; i < from.point.size(); ++i) {
    const Axis& axis = book_.space().axes()[i];
    if (axis.role != AxisRole::count || from.point[i] + 1 == axis.values.size()) continue;
    Point up = from.point;
    ++up[i];
    const auto paid = trader_.sell_down(from, up, i);
    if (!paid || !is_worth_a_try(from, *paid)) continue;
    const Candidate* found =
        book_.estimate(*paid, "growth", fmt::format("a trade for more of {}", axis.path));
    if (found == nullptr) continue;
    const bool pays = is_faster(*found, from);
    book_.log("growth", found->point, pays ? "kept" : "cut",
              fmt::format("trading for more of {} {}", axis.path, pays ? "pays" : "does not pay"),
              found->evaluation.throughput);
    if (pays) return found;
  }
  return nullptr;
}

}  // namespace simdse
