// A simulation as a job for a worker process.
#pragma once

#include <functional>
#include <string>

#include "cli/training_setup.h"
#include "models/base/worker_pool.h"
#include "models/chip/chip.h"
#include "sim/run/record.h"

namespace simdse {

/// Simulates and returns the result as text (see to_text). With a `trace_path`, the trace is
/// written there.
std::string simulation_job(const Chip& chip, const TrainingSetup& setup, const Plan& plan,
                           const SimulationOptions& options, const std::string& trace_path = "");

/// Something that does the same: tests put in jobs that fail.
using SimulationJob =
    std::function<std::string(const Chip& chip, const TrainingSetup& setup, const Plan& plan,
                              const SimulationOptions& options, const std::string& trace_path)>;

}  // namespace simdse
