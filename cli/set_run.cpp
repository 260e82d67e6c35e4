#include "cli/set_run.h"

#include <fmt/core.h>

namespace simdse {
namespace {

/// Makes a search ready, as one of its own would be: seeded with its baseline, with a floor.
void prepare(SearchSpec& search, SetRow& row) {
  std::optional<double> baseline_throughput;
  if (!search.baselines.empty()) {
    const Design& design = search.baselines.front();
    row.baseline = make_contender(*row.evaluator, *row.setup, design.name, design);
    baseline_throughput = row.baseline->estimated_throughput(row.setup->workload.batch());
    if (const std::optional<Point> point = search.space->find(design)) {
      search.options.seeds.push_back(*point);
    }
  }
  resolve_floor(search, *row.evaluator, baseline_throughput);
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
  for (SetMember& member : run.spec.members) {
    SearchSpec& search = member.search;
    run.rows.emplace_back();
    SetRow& row = run.rows.back();
    row.name = search.name;
    row.weight = member.weight;
    row.setup = std::make_unique<TrainingSetup>(search.workload);
    row.evaluator = std::make_unique<Evaluator>(row.setup->tasks, row.setup->workload.batch(),
                                                search.technology);
    try {
      prepare(search, row);
    } catch (const InputError& problem) {
      throw InputError(fmt::format("search '{}': {}", row.name, problem.what()));
    }
    search.options.is_interrupted = workers.is_interrupted;
    workloads.push_back({row.evaluator.get(), search.options, member.weight});
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
