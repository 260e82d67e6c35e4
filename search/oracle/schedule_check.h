// Whether a schedule keeps the rules of its problem.
#pragma once

#include <string>
#include <vector>

#include "search/oracle/schedule_problem.h"

namespace simdse {

/// The end of the last stage.
double makespan_of(const ScheduleProblem& problem, const std::vector<PlacedStage>& stages);

/// Why `stages` are no schedule of `problem` (a task missing, an order violated, cores held twice),
/// or "". Times are compared with a tolerance of 1e-6 of the makespan.
std::string schedule_fault(const ScheduleProblem& problem, const std::vector<PlacedStage>& stages);

}  // namespace simdse
