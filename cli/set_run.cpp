#include "cli/set_run.h"

#include <fmt/core.h>

namespace simdse {
namespace {

/// The row's search as search_designs takes it: seeded with the baseline, whose estimate is the
/// floor unless the file gives one.
LocalSearchOptions prepare(const SearchSpec& search, SetRow& row) {
  LocalSearchOptions options = search.options;
  const TrainingSetup& setup = *row.setup;
  if (search.floor_like) {
    options.throughput_floor.samples_per_second =
        row.evaluator->evaluate(row.evaluator->chip(*search.floor_like)).throughput;
  }
  if (search.baselines.empty()) return options;
  const Design& design = search.baselines.front();
  row.baseline = make_contender(*row.evaluator, setup, design.name, design);
  if (!options.throughput_floor.is_given) {
    options.throughput_floor.samples_per_second =
        row.baseline->estimated_throughput(setup.workload.batch());
  }
  if (const std::optional<Point> point = search.space->find(design)) {
    options.seeds.push_back(*point);
  }
  return options;
}

}  // namespace

double SetRow::simulated_ratio(Objective objective, const std::optional<Contender>& a,
                               const std::optional<Contender>& b) const {
  if (!a || !b) return 0;
  const double of = simulated_worth(objective, *setup, *b);
  return of > 0 ? simulated_worth(objective, *setup, *a) / of : 0;
}

std::vector<double> SetRun::weights() const {
  std::vector<double> result;
  for (const SetMember& member : spec.members) result.push_back(member.weight);
  return result;
}

SetRun run_whole_set(SetSpec spec, const WorkerOptions& workers, const SimulationJob& simulate,
                     const std::function<void(const SetRun&)>& on_ready) {
  SetRun run;
  run.spec = std::move(spec);
  std::vector<SetWorkload> workloads;
  for (const SetMember& member : run.spec.members) {
    const SearchSpec& search = member.search;
    run.rows.emplace_back();
    SetRow& row = run.rows.back();
    row.name = search.name;
    row.weight = member.weight;
    row.setup = std::make_unique<TrainingSetup>(search.workload);
    row.evaluator = std::make_unique<Evaluator>(row.setup->tasks, row.setup->workload.batch(),
                                                search.technology);
    try {
      workloads.push_back({row.evaluator.get(), prepare(search, row), member.weight});
      workloads.back().options.is_interrupted = workers.is_interrupted;
    } catch (const InputError& problem) {
      throw InputError(fmt::format("search '{}': baseline or floor: {}", row.name, problem.what()));
    }
  }
  if (on_ready) on_ready(run);
  {
    Progress progress("search", 0);
    run.found = search_common(*run.spec.members.front().search.space, workloads, run.spec.objective,
                              [&](std::int64_t done) { progress.update(done); });
    run.search_seconds = progress.seconds();
  }
  for (std::size_t i = 0; i < run.rows.size(); ++i) {
    SetRow& row = run.rows[i];
    const Candidate& own = run.found.own[i];
    const CommonDesign& common = run.found.common;
    row.own = make_contender(*row.evaluator, *row.setup, own.label, own.design);
    row.common = make_contender(*row.evaluator, *row.setup, common.label, common.design);
  }
  std::int64_t total = 0;
  for (const SetRow& row : run.rows) total += row.baseline ? 3 : 2;
  Progress progress("simulate", total);
  std::int64_t done = 0;
  for (SetRow& row : run.rows) {
    std::vector<Contender*> contenders = {&*row.own, &*row.common};
    if (row.baseline) contenders.push_back(&*row.baseline);
    simulate_contenders(contenders, *row.setup, simulate, workers,
                        [&](std::size_t) { progress.update(++done); });
  }
  run.simulation_seconds = progress.seconds();
  return run;
}

}  // namespace simdse
