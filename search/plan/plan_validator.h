// Checks that a Plan does what its graph says, on its chip, under any timing.
#pragma once

#include <string>
#include <vector>

#include "models/chip/chip.h"
#include "search/plan/plan.h"

namespace simdse {

/// What is wrong with the plan, one line each; empty if nothing is. Checked are:
///   - every operator runs in one region, on cores that exist, after all that it depends on,
///   whatever
///     the timing;
///   - every MAC is made and every byte of every operand is moved;
///   - allocations lie within their memories; two that share addresses are ordered by dependencies,
///   so
///     that neither is used before the other is done with;
///   - rings lie within their cores' slices of the buffer and hold what must be in them at once.
std::vector<std::string> validate_plan(const Graph& graph, const Chip& chip, const Plan& plan);

}  // namespace simdse
