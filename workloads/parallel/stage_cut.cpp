#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "models/base/error.h"
#include "models/base/quantity_text.h"
#include "workloads/parallel/stages.h"

namespace simdse {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

/// Cuts units into stages so that a function of the stages' costs, joined from first to last, is
/// least.
class CutProgram {
 public:
  CutProgram(std::size_t units, int stages) : units_(units), stages_(stages) {}

  /// `cost(begin, end, stage)` may be kNever; `join(so far, cost)`. First unit of each stage;
  /// nothing if every cut costs kNever.
  template <typename Cost, typename Join>
  std::optional<std::vector<std::size_t>> solve(Cost cost, Join join, double& best) const {
    // least[k][end]: of stages 0..k over units [0, end)
    std::vector<std::vector<double>> least(stages_, std::vector<double>(units_ + 1, kNever));
    std::vector<std::vector<std::size_t>> begin_of(stages_, std::vector<std::size_t>(units_ + 1));
    for (int stage = 0; stage < stages_; ++stage) {
      for (std::size_t end = stage + 1; end <= units_; ++end) {
        const std::size_t lowest = static_cast<std::size_t>(stage);
        const std::size_t highest = stage == 0 ? 0 : end - 1;
        for (std::size_t begin = lowest; begin <= highest; ++begin) {
          const double before = stage == 0 ? 0 : least[stage - 1][begin];
          if (before == kNever) continue;
          const double total = join(before, cost(begin, end, stage));
          if (total >= least[stage][end]) continue;
          least[stage][end] = total;
          begin_of[stage][end] = begin;
        }
      }
    }
    best = least[stages_ - 1][units_];
    if (best == kNever) return {};
    std::vector<std::size_t> first(stages_);
    std::size_t end = units_;
    for (int stage = stages_; stage-- > 0;) end = first[stage] = begin_of[stage][end];
    return first;
  }

 private:
  std::size_t units_;
  int stages_;
};

double larger(double x, double y) { return std::max(x, y); }

}  // namespace

std::vector<std::size_t> balanced_cut(const CutCosts& costs, int stages) {
  const std::size_t units = costs.time.size();
  if (units < static_cast<std::size_t>(stages)) {
    throw InputError(fmt::format(
        "the network can be cut into {} parts at most, which are too few for {} pipeline stages",
        units, stages));
  }
  std::vector<double> until(units + 1, 0);
  for (std::size_t i = 0; i < units; ++i) until[i + 1] = until[i] + costs.time[i];
  const auto excess = [&](std::size_t begin, std::size_t end, int stage) {
    return costs.excess ? costs.excess(begin, end, stage) : Bytes(0);
  };
  const auto time = [&](std::size_t begin, std::size_t end, int stage) {
    return excess(begin, end, stage) > Bytes(0) ? kNever : until[end] - until[begin];
  };
  const CutProgram program(units, stages);
  double slowest = 0;
  if (!program.solve(time, larger, slowest)) {
    double lacking = 0;
    const auto first =
        program.solve([&](std::size_t begin, std::size_t end,
                          int stage) { return to_double(excess(begin, end, stage)); },
                      larger, lacking);
    int tightest = 0;  // the first of them
    for (int stage = stages; stage-- > 0;) {
      const std::size_t end = stage + 1 < stages ? (*first)[stage + 1] : units;
      if (to_double(excess((*first)[stage], end, stage)) == lacking) tightest = stage;
    }
    throw InputError(
        fmt::format("no cut into {} pipeline stages fits the chips' memory: at best, stage {} "
                    "needs {} too much",
                    stages, tightest, format_quantity(lacking, Dimension::bytes, 4)));
  }
  // Sums of doubles in another order must not make a cut look slower than itself.
  const double limit = slowest * (1 + 1e-12);
  double squares = 0;
  const auto even = program.solve(
      [&](std::size_t begin, std::size_t end, int stage) {
        const double stage_time = time(begin, end, stage);
        return stage_time > limit ? kNever : stage_time * stage_time;
      },
      [](double x, double y) { return x + y; }, squares);
  return *even;
}

std::vector<std::size_t> given_cut(const std::vector<PipelineUnit>& units,
                                   const std::vector<std::int64_t>& turns) {
  std::vector<std::size_t> places;  // of the turns
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (units[i].segment != kNone) places.push_back(i);
  }
  std::vector<std::size_t> first = {0};
  std::int64_t before = 0;
  for (const std::int64_t turn : turns) {
    if (turn <= before || turn >= static_cast<std::int64_t>(places.size())) {
      throw InputError(fmt::format(
          "cuts: {} is no turn with which a stage can begin; they ascend from 1 to at most {}",
          turn, places.size() - 1));
    }
    first.push_back(places[static_cast<std::size_t>(turn)]);
    before = turn;
  }
  return first;
}

}  // namespace simdse
