#include "cli/set_run.h"

#include <fmt/core.h>

namespace simdse {
namespace {

/// Makes a search ready, as one of its own would be: seeded with its baseline, with a floor.
void prepare(SearchSpec& search, SetRow& row) {
  std::optional<double> baseline_throughput;
  if (!search.baselines.empty()) {
    const Design& design = search.baselines.front();
    row.baseline = make_contender(*row.evaluator, design.name, design);
    baseline_throughput = row.baseline->estimated_throughput(row.setup->workload.batch());
    if (const std::optional<Point> point = search.space->find(design)) {
      search.options.seeds.push_back(*point);
    }
  }
  resolve_floor(search, *row.evaluator, baseline_throughput);
}

}  // namespace

std::vector<Contender*> SetRow::contenders() {
  std::vector<Contender*> all;
  for (std::optional<Contender>* contender : {&own, &common, &baseline}) {
    if (*contender) all.push_back(&**contender);
  }
  return all;
}

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
    const auto contender = [&](const auto& found) -> std::optional<Contender> {
      if (!found) return std::nullopt;
      return make_contender(*row.evaluator, found->label, found->design);
    };
    row.own = contender(run.found.own[i]);
    row.common = contender(run.found.common);
  }
  std::int64_t total = 0;
  for (SetRow& row : run.rows) total += static_cast<std::int64_t>(row.contenders().size());
  Progress progress("simulate", total);
  std::int64_t done = 0;
  for (SetRow& row : run.rows) {
    simulate_contenders(row.contenders(), *row.setup, simulate, workers,
                        [&](std::size_t) { progress.update(++done); });
  }
  run.simulation_seconds = progress.seconds();
  run.is_partial = run.found.is_partial || (workers.is_interrupted && workers.is_interrupted());
  return run;
}

}  // namespace simdse
