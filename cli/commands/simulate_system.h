// `simdse simulate --system --parallel`: a training step spread over the chips of a system.
#pragma once

#include "cli/command.h"

namespace simdse {

/// Estimates and simulates --workload on --system as --parallel says. Throws InputError.
int simulate_step_on_system(const Arguments& arguments, const CommandContext& context);

}  // namespace simdse
