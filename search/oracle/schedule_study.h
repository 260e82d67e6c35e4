// How far the list schedule is from the shortest, on pieces of real training graphs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "search/oracle/schedule_ilp.h"

namespace simdse {

struct StudyOptions {
  std::int32_t tasks = 14;  ///< of a piece
  std::int32_t most = 6;    ///< pieces of one graph
  IlpLimits limits;
};

/// One piece: consecutive tasks of a graph.
struct StudyCase {
  TaskId first = 0;
  std::string first_operator;  ///< its name
  std::int32_t tasks = 0;
  std::int32_t width = 0;    ///< the most of them that could run side by side
  double critical_path = 0;  ///< cycles
  double heuristic = 0;      ///< cycles of the list schedule
  OracleSchedule oracle;

  /// By how much the list schedule is longer than the oracle's, as a share.
  double excess() const { return heuristic / oracle.makespan - 1; }
};

/// First tasks of pieces in which more tasks could run side by side than the chip has cores, no two
/// alike, spread evenly over the graph.
std::vector<TaskId> choose_pieces(const Chip& chip, const TaskGraph& graph,
                                  const StudyOptions& options);

/// The piece from `first` on, scheduled by both.
StudyCase study_piece(const Chip& chip, const TaskGraph& graph,
                      const std::vector<TaskOptions>& task_options, TaskId first,
                      const StudyOptions& options);

}  // namespace simdse
