#include "cli/contender.h"

#include "models/plugin/plugin.h"

namespace simdse {

Contender make_contender(const Evaluator& evaluator, std::string name, const Design& design) {
  Contender contender{
      std::move(name), evaluator.chip(design), {}, {}, {}, {}, {}, {}, false, true, false};
  auto [planned, estimate] = evaluator.plan(contender.chip);
  contender.planned = std::move(planned);
  contender.estimate = std::move(estimate);
  return contender;
}

double estimated_worth(Objective objective, const TrainingSetup& setup,
                       const Contender& contender) {
  const auto batch = static_cast<double>(setup.workload.batch());
  const PlanEstimate& e = contender.estimate;
  return worth(objective, batch / e.time.value(), batch / e.energy.value(), contender.chip.tdp());
}

double simulated_worth(Objective objective, const TrainingSetup& setup,
                       const Contender& contender) {
  if (!contender.simulation) return 0;
  const auto batch = static_cast<double>(setup.workload.batch());
  return worth(objective, contender.simulated_throughput(setup.workload.batch()),
               batch / contender.simulation->energy.value(), contender.chip.tdp());
}

void simulate_contenders(const std::vector<Contender*>& contenders, const TrainingSetup& setup,
                         const SimulationJob& simulate, const WorkerOptions& workers,
                         const std::function<void(std::size_t)>& done) {
  std::vector<std::function<std::string()>> jobs;
  for (const Contender* contender : contenders) {
    jobs.emplace_back([contender, &setup, &simulate] {
      return simulate(contender->chip, setup, contender->planned.plan, {}, "");
    });
  }
  const std::vector<JobResult> results = run_jobs(jobs, workers, done);
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    if (results[i].ok) {
      contenders[i]->simulation = from_text(results[i].output);
    } else if (results[i].is_interrupted) {
      contenders[i]->is_interrupted = true;
      contenders[i]->failure = results[i].failure;
    } else {
      contenders[i]->failure = blame(contenders[i]->chip.design().plugins) + results[i].failure;
    }
  }
}

}  // namespace simdse
