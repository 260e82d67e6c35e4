#include "search/baselines/convergence.h"

#include <sys/resource.h>

namespace simdse {

double worth_of(const Evaluation& evaluation, Objective objective, const ThroughputFloor& floor) {
  return floor.allows(objective, evaluation.throughput) ? worth(objective, evaluation) : 0;
}

double cpu_seconds() {
  double total = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      total += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    }
  }
  return total;
}

Evaluator::Observer Convergence::observer() {
  return [this](const Chip& chip, const Evaluation* evaluation, std::int64_t cost_calls) {
    note(chip, evaluation, cost_calls);
  };
}

void Convergence::note(const Chip& chip, const Evaluation* evaluation, std::int64_t cost_calls) {
  ++evaluations_;
  cost_calls_ += cost_calls;
  if (evaluation == nullptr) return;
  const double found = worth_of(*evaluation, objective_, floor_);
  if (found <= (improvements_.empty() ? 0 : improvements_.back().worth)) return;
  improvements_.push_back({evaluations_, cost_calls_, spent_seconds(), found,
                           evaluation->throughput, evaluation->throughput_per_tdp()});
  best_ = Best{chip.design(), chip.label(), *evaluation};
}

}  // namespace simdse
