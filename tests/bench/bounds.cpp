// Whether the bounds of boxes hold, over random designs and boxes of the searches named:
//   bounds [--designs N] [--boxes N] [--seed S] SEARCH.yaml...
// Each design is estimated once and held against the bounds of the box that is the design alone and
// of random boxes around it. Prints, per search, the pairs, the smallest and the mean slack
// (estimate / bound - 1) of time and of energy, and how many bounds were above the estimate; ends
// with status 1 if any was.
#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>

#include "search/exact/box_bound.h"
#include "search/local/search_spec.h"

namespace simdse {
namespace {

/// Of one figure against its bound.
struct Slack {
  double least = std::numeric_limits<double>::infinity();
  double sum = 0;
  double of_points = 0;
  std::int64_t violations = 0;

  void note(double estimate, double bound, bool is_point) {
    const double slack = bound > 0 ? estimate / bound - 1 : 1e9;
    least = std::min(least, slack);
    if (is_point) of_points += slack;
    violations += estimate < bound;
  }
};

/// A box that holds `point`: on a third of the axes the point alone, on the others an interval.
Box box_around(const SearchSpace& space, const Point& point, std::mt19937_64& random) {
  Box box{point, point};
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (random() % 3 == 0) continue;
    box.low[i] -= random() % (point[i] + 1);
    box.high[i] += random() % (space.axes()[i].values.size() - point[i]);
  }
  return box;
}

int run(const std::string& file, std::int64_t designs, std::int64_t boxes, std::uint64_t seed) {
  const SearchSpec spec = load_search(file, DataFiles(SIMDSE_SOURCE_DIR));
  const Graph graph = derive_training_step(spec.workload.forward, spec.workload.training);
  const TaskGraph tasks = build_task_graph(graph);
  const Evaluator evaluator(tasks, spec.workload.batch(), spec.technology);
  const SearchSpace& space = *spec.space;
  BoxBound bound(space, evaluator);
  std::mt19937_64 random(seed);
  Slack time;
  Slack energy;
  std::int64_t pairs = 0;
  std::int64_t cost_violations = 0;
  for (std::int64_t done = 0; done < designs;) {
    Point point;
    for (const Axis& axis : space.axes()) point.push_back(random() % axis.values.size());
    std::optional<Chip> chip;
    Evaluation e;
    try {
      chip.emplace(evaluator.chip(space.design(point)));
      if (!spec.options.budget.allows(chip->area(), chip->tdp())) continue;
      e = evaluator.evaluate(*chip);
    } catch (const InputError&) {
      continue;  // contradicts itself, or too little memory
    }
    ++done;
    for (std::int64_t i = 0; i <= boxes; ++i) {
      const Box box = i == 0 ? Box{point, point} : box_around(space, point, random);
      const BoxFigures least = bound.figures(box);
      time.note(e.time.value(), least.time.value(), i == 0);
      energy.note(e.energy.value(), least.energy.value(), i == 0);
      cost_violations += least.area > e.area || least.tdp > e.tdp;
      ++pairs;
    }
  }
  const auto count = static_cast<double>(designs);
  fmt::print(
      "{:<20} {} pairs: time slack least {:.2e}, mean of points {:.3f}; energy least {:.2e}, mean "
      "of "
      "points {:.3f}; violations {}\n",
      spec.name, pairs, time.least, time.of_points / count, energy.least, energy.of_points / count,
      time.violations + energy.violations + cost_violations);
  std::fflush(stdout);
  return time.violations + energy.violations + cost_violations == 0 ? 0 : 1;
}

}  // namespace
}  // namespace simdse

int main(int argc, char** argv) {
  std::int64_t designs = 1000;
  std::int64_t boxes = 99;
  std::uint64_t seed = 1;
  int status = 0;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--designs") == 0 && i + 1 < argc) {
      designs = std::stoll(argv[++i]);
    } else if (std::strcmp(argv[i], "--boxes") == 0 && i + 1 < argc) {
      boxes = std::stoll(argv[++i]);
    } else if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
      seed = std::stoull(argv[++i]);
    } else {
      status |= simdse::run(argv[i], designs, boxes, seed);
    }
  }
  return status;
}
