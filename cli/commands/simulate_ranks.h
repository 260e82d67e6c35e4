// `simdse simulate --system`: ranks on the chips of a system.
#pragma once

#include "cli/command.h"

namespace simdse {

/// Runs the traces of --workload on --system. Throws InputError.
int simulate_ranks(const Arguments& arguments, const CommandContext& context);

}  // namespace simdse
