// The exact oracle for schedules: an integer linear program, solved by CBC.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "search/oracle/schedule_problem.h"

namespace simdse {

struct IlpLimits {
  std::int64_t nodes = 100000;  ///< of CBC's branch and bound; 0: the relaxation alone
};

struct OracleSchedule {
  /// Cycles. No schedule is shorter than `bound`; the schedule found takes `makespan`.
  double makespan = 0;
  double bound = 0;
  std::vector<PlacedStage> stages;
  bool is_proven = false;  ///< makespan and bound differ by no more than kOracleTolerance
  std::string unproven;    ///< then why not
};

/// Share of the makespan within which CBC counts a schedule as the shortest.
constexpr double kOracleTolerance = 1e-4;

/// Whether simdse was built with CBC.
bool has_schedule_oracle();

/// The shortest schedule of `problem`, at worst `known`, a schedule of it (not empty). With S_a,
/// D_a start and length of stage a, x_tm whether task t runs in mode m, y_ac whether stage a holds
/// core c, z_ab whether a ends before b starts, over all pairs that may need a core in common
/// (Manne, On the job-shop scheduling problem, Operations Research 8(2), 1960, with modes and cores
/// added):
///
///   least C with
///
///     sum_m x_tm = 1                                  of every task
///     D_a = sum_m x_tm cycles_am
///     sum_c y_ac = sum_m x_tm count_am
///     S_b >= S_a + D_a                                where a comes before b
///     C >= S_a + D_a
///     z_ab + z_ba >= y_ac + y_bc - 1
///     S_b >= S_a + D_a - M_ab (1 - z_ab)
///     sum_a sum_m x_tm count_am cycles_am <= cores (C - head - tail)    of every pool
///
/// where M_ab is the latest end of a less the earliest start of b, the latest ends are those within
/// the makespan of `known`, and head and tail are what at least runs before and after any stage of
/// the pool. Without CBC, or when the nodes are used up, what is known stands beside the best
/// bound, and `unproven` says so.
OracleSchedule solve_schedule(const ScheduleProblem& problem, const std::vector<PlacedStage>& known,
                              const IlpLimits& limits);

}  // namespace simdse
