#include "search/system/degree_choice.h"

#include <fmt/core.h>

#include <algorithm>

#include "models/base/error.h"
#include "models/base/quantity_text.h"

namespace simdse {
namespace {

DegreeTrial try_degrees(const Workload& microbatch, const Parallelism& parallelism,
                        const std::shared_ptr<const Chip>& chip, const Interconnect& network,
                        Bytes capacity) {
  DegreeTrial trial;
  trial.parallelism = parallelism;
  trial.verdict = DegreeVerdict::division;
  try {
    parallelism.check();
    const MemoryPlan memory = plan_memory(microbatch, parallelism, capacity);
    if (memory.largest() > capacity) {
      trial.verdict = DegreeVerdict::memory;
      trial.excess = memory.largest() - capacity;
      trial.reason = fmt::format("stage {} needs {} more than a chip has", memory.largest_place(),
                                 format_quantity(to_double(trial.excess), Dimension::bytes, 4));
      return trial;
    }
    const DistributedStep step(microbatch, parallelism, memory.first);
    trial.verdict = DegreeVerdict::chip;
    const PlaceDesigns places =
        PlaceDesigns::common(plan_design(chip->label(), chip, step), step.parallelism().pipeline);
    const SystemEstimate estimate = estimate_system(step, network, places);
    trial.throughput = static_cast<double>(step.batch()) / estimate.time.value();
    trial.verdict = DegreeVerdict::estimated;
  } catch (const InputError& problem) {
    trial.reason = problem.what();
  }
  return trial;
}

/// Throws: nothing fits.
[[noreturn]] void refuse(const DegreeChoice& choice, const Workload& microbatch, Bytes capacity) {
  const DegreeTrial* nearest = &choice.trials.front();
  for (const DegreeTrial& trial : choice.trials) {
    const bool is_nearer =
        trial.verdict == DegreeVerdict::memory &&
        (nearest->verdict != DegreeVerdict::memory || trial.excess < nearest->excess);
    if (is_nearer) nearest = &trial;
  }
  const Parallelism& p = nearest->parallelism;
  std::string reason = nearest->reason;
  if (nearest->verdict == DegreeVerdict::memory) {
    try {
      plan_memory_that_fits(microbatch, p, capacity);
    } catch (const InputError& advice) {
      reason = advice.what();
    }
  }
  if (choice.trials.size() == 1) throw InputError(reason);
  throw InputError(fmt::format(
      "none of {} ways to fill in the degrees is possible ({} lack memory, {} don't divide the "
      "network or the batch, {} have work that fits no chip); with tensor {} x pipeline {} x data "
      "{}: {}",
      choice.trials.size(), choice.count(DegreeVerdict::memory),
      choice.count(DegreeVerdict::division), choice.count(DegreeVerdict::chip), p.tensor,
      p.pipeline, p.data, reason));
}

}  // namespace

const char* degree_verdict_name(DegreeVerdict verdict) {
  switch (verdict) {
    case DegreeVerdict::estimated:
      return "estimated";
    case DegreeVerdict::memory:
      return "memory";
    case DegreeVerdict::division:
      return "division";
    case DegreeVerdict::chip:
      return "chip";
  }
  return "";
}

std::size_t DegreeChoice::count(DegreeVerdict verdict) const {
  return static_cast<std::size_t>(
      std::count_if(trials.begin(), trials.end(),
                    [&](const DegreeTrial& trial) { return trial.verdict == verdict; }));
}

DegreeChoice choose_degrees(const Workload& microbatch, const Parallelism& wanted,
                            const std::shared_ptr<const Chip>& chip, const Interconnect& network,
                            Bytes capacity) {
  DegreeChoice choice;
  for (const Parallelism& parallelism : fill_in_degrees(wanted)) {
    choice.trials.push_back(try_degrees(microbatch, parallelism, chip, network, capacity));
    if (choice.trials.back().throughput > choice.chosen().throughput) {
      choice.best = choice.trials.size() - 1;
    }
  }
  if (choice.trials.empty()) {
    throw InputError(fmt::format("parallel: no degrees make up {} chips", wanted.chips));
  }
  if (choice.count(DegreeVerdict::estimated) == 0) refuse(choice, microbatch, capacity);
  return choice;
}

}  // namespace simdse
